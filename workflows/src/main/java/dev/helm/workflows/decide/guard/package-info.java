/**
 * The command guard: reads a shell command with a real grammar, follows what it would run as far as
 * that can be told without running it, and says block, ask or allow. Pure but for loading the
 * grammar's native library. Advice on top of the container, see docs/command-guard.md.
 */
@NullMarked
package dev.helm.workflows.decide.guard;

import org.jspecify.annotations.NullMarked;
