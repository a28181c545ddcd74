/** Hooks of blueprints, in Claude Code's protocol; docs/hooks.md. */
@NullMarked
package dev.helm.activities.hook;

import org.jspecify.annotations.NullMarked;
