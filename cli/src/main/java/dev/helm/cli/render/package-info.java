/** How the log reads in a terminal: pure functions from events to lines. */
@NullMarked
package dev.helm.cli.render;

import org.jspecify.annotations.NullMarked;
