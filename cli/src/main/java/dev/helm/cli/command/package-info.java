/** One class a command. */
@NullMarked
package dev.helm.cli.command;

import org.jspecify.annotations.NullMarked;
