package dev.helm.activities.model;

import java.util.List;

/**
 * The model's whole answer.
 *
 * @param messageJson the assistant's message as it goes back to the model in the next call
 * @param text its text, blocks joined
 * @param calls the actions that it asks for, in order
 */
record Answer(
    String messageId,
    String model,
    String stopReason,
    String text,
    String messageJson,
    List<RequestedAction> calls,
    Usage usage) {
  Answer {
    calls = List.copyOf(calls);
  }

  /**
   * An action.
   *
   * @param source exact JSON text of the arguments
   * @param wellFormed whether that is a JSON object
   */
  record RequestedAction(String toolUseId, String tool, String source, boolean wellFormed) {}

  /** Tokens as the model's service counts them. */
  record Usage(long input, long output, long cacheRead, long cacheWrite) {}
}
