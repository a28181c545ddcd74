/** Reads a {@code .claude} folder, so that what it says can be carried into a blueprint. */
@NullMarked
package dev.helm.cli.claude;

import org.jspecify.annotations.NullMarked;
