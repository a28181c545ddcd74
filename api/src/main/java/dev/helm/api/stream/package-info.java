/** Frames of the WebSocket stream. */
@NullMarked
package dev.helm.api.stream;

import org.jspecify.annotations.NullMarked;
