package dev.helm.keyproxy;

import org.jspecify.annotations.Nullable;

/** Asks the ledger for the worst case of a call. */
record Reservation(
    String id, String token, @Nullable String call, ModelRequest request, int bodyBytes) {

  /** What the ledger said. */
  sealed interface Answer {
    /** The call may go out. */
    record Granted(String run) implements Answer {}

    /**
     * The ledger said no. {@code affordableTokens} is the output that would still fit, {@code
     * budget} a line about the cap.
     */
    record Refused(
        int status,
        String code,
        String message,
        @Nullable Long affordableTokens,
        @Nullable String budget)
        implements Answer {}

    /** No answer came: nothing may go out. */
    record Lost(String why) implements Answer {}
  }

  /** Hides the token. */
  @Override
  public String toString() {
    return "Reservation[" + id + "]";
  }
}
