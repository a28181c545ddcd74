/**
 * The Claude Agent SDK's runtime as an agent of a run, driven over its control protocol.
 * docs/claude-agent-sdk.md tells how.
 */
@NullMarked
package dev.helm.activities.foreign.claude;

import org.jspecify.annotations.NullMarked;
