/**
 * Agents that are programs of others: each is driven as if it were a model, so that gate, people,
 * effects and log are those of every run. docs/agents.md tells how.
 */
@NullMarked
package dev.helm.activities.foreign;

import org.jspecify.annotations.NullMarked;
