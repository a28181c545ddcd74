/** A small real service for the terminal's tests. */
@NullMarked
package dev.helm.cli.testing;

import org.jspecify.annotations.NullMarked;
