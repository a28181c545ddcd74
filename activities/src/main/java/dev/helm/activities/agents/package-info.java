/** Sub-agents: what each may do and is told, and whose turn it is at the shared workspace. */
@NullMarked
package dev.helm.activities.agents;

import org.jspecify.annotations.NullMarked;
