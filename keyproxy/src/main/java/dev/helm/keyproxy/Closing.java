package dev.helm.keyproxy;

import org.jspecify.annotations.Nullable;

/** The one end of a reservation. The ledger takes each any number of times and counts it once. */
sealed interface Closing {
  String id();

  /** Seen to its end: this is what it used. */
  record Settle(String id, Usage usage, @Nullable String messageId) implements Closing {}

  /** Bytes went out and the end was not seen: the whole reservation is spent. */
  record Charge(String id, Reason reason) implements Closing {}

  /** No byte went upstream. */
  record Void(String id) implements Closing {}

  /** Why a call is charged in full. */
  enum Reason {
    CUT("cut"),
    CLIENT_GONE("client_gone"),
    TIMED_OUT("timed_out"),
    NO_USAGE("no_usage");

    private final String word;

    Reason(String word) {
      this.word = word;
    }

    String word() {
      return word;
    }
  }
}
