package dev.helm.activities.model;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** A model call failed in a way that may pass; it is made again. */
final class ModelFault extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final @Nullable Integer status;
  private final long retryAfterMs;

  /**
   * With what happened.
   *
   * @param status HTTP status, if there was one
   * @param retryAfterMs how long the service asked to wait, 0 if it did not say
   */
  ModelFault(String message, @Nullable Integer status, long retryAfterMs) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  static ModelFault streamed(JsonNode error) {
    return new ModelFault(
        "the model's service broke off: "
            + error.path("type").asText("error")
            + ": "
            + Words.of(error.path("message").asText("no reason given")),
        null,
        0);
  }

  @Nullable Integer status() {
    return status;
  }

  long retryAfterMs() {
    return retryAfterMs;
  }
}
