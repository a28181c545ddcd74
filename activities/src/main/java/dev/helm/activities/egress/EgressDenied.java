package dev.helm.activities.egress;

/** A connection that is not let out; the message is the reason, fit for people and the model. */
final class EgressDenied extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;

  EgressDenied(String reason) {
    this(403, reason);
  }

  EgressDenied(int status, String reason) {
    super(reason);
    this.status = status;
  }

  int status() {
    return status;
  }

  String reason() {
    return String.valueOf(getMessage());
  }
}
