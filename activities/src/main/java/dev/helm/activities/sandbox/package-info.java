/** The hardened containers in which tool calls run, and the host's side of their executors. */
@NullMarked
package dev.helm.activities.sandbox;

import org.jspecify.annotations.NullMarked;
