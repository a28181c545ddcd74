package dev.helm.api.stream;

import org.jspecify.annotations.Nullable;

/**
 * A frame that a client sends: {@code subscribe} and {@code unsubscribe}.
 *
 * @param op {@code subscribe} or {@code unsubscribe}
 * @param run a run's id or prefix, or {@code *}
 * @param after last seq (last {@code pos} for {@code *}) that the client has; 0 for none
 */
public record ClientFrame(String op, String run, @Nullable Long after) {}
