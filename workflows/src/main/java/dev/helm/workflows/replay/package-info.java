/** Runs archived histories again and compares them with a log; a program of its own. */
@NullMarked
package dev.helm.workflows.replay;

import org.jspecify.annotations.NullMarked;
