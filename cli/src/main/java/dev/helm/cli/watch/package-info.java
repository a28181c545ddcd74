/** Following a run, in a pipe and in an interactive terminal. */
@NullMarked
package dev.helm.cli.watch;

import org.jspecify.annotations.NullMarked;
