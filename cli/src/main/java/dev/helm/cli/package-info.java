/** The terminal: {@code helm}. */
@NullMarked
package dev.helm.cli;

import org.jspecify.annotations.NullMarked;
