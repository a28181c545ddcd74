/** Calls to the model through the key proxy, in the wire protocol of the Anthropic Messages API. */
@NullMarked
package dev.helm.activities.model;

import org.jspecify.annotations.NullMarked;
