/**
 * The shell's grammar: bash's compound commands, words and redirections as records, read without
 * running anything. Used by the command guard and by the permission rules.
 */
@NullMarked
package dev.helm.workflows.decide.guard.shell;

import org.jspecify.annotations.NullMarked;
