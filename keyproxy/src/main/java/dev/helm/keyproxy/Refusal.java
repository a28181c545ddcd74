package dev.helm.keyproxy;

import org.jspecify.annotations.Nullable;

/**
 * An answer of the proxy itself in place of the upstream's. {@code close} says that the connection
 * cannot carry another request, because this one was not read to its end or not understood.
 */
final class Refusal extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;
  private final boolean close;
  private final @Nullable Long affordableTokens;
  private final @Nullable String budget;

  private Refusal(
      int status,
      String message,
      boolean close,
      @Nullable Long affordableTokens,
      @Nullable String budget) {
    super(message, null, false, false);
    this.status = status;
    this.close = close;
    this.affordableTokens = affordableTokens;
    this.budget = budget;
  }

  /** Below 500 a request is refused as it stands; a repetition would be refused too. */
  static Refusal of(int status, String message) {
    return new Refusal(status, message, false, null, null);
  }

  /** The ledger said no; a line about the cap that could be no header's value is left out. */
  static Refusal byLedger(int status, Reservation.Answer.Refused refused) {
    String budget = refused.budget();
    return new Refusal(
        status,
        refused.message() + " (" + refused.code() + ")",
        false,
        refused.affordableTokens(),
        budget != null && budget.matches("[!-~][ -~]{0,299}") ? budget : null);
  }

  Refusal closing() {
    return new Refusal(status, message(), true, affordableTokens, budget);
  }

  int status() {
    return status;
  }

  String type() {
    return switch (status) {
      case 401 -> "authentication_error";
      case 402 -> "billing_error";
      case 404 -> "not_found_error";
      case 413 -> "request_too_large";
      case 504 -> "timeout_error";
      case 503, 529 -> "overloaded_error";
      case 500, 502 -> "api_error";
      default -> "invalid_request_error";
    };
  }

  String message() {
    return String.valueOf(getMessage());
  }

  boolean closes() {
    return close;
  }

  boolean mayRetry() {
    return status >= 500;
  }

  @Nullable Long affordableTokens() {
    return affordableTokens;
  }

  @Nullable String budget() {
    return budget;
  }
}
