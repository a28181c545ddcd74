package dev.helm.activities.mcp;

import io.modelcontextprotocol.spec.McpError;

/** Something went wrong between Helm and a server; the message is for people and the model. */
final class Fault extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Kind kind;

  /** What is known of the call that it costs. */
  enum Kind {
    /** The server surely has not seen the call. */
    NOT_SENT,
    /** The server refused it, or answered what is no answer. */
    REFUSED,
    /** The answer is too large; the server was ended. */
    TOO_LARGE,
    /** The server took the call and then failed: nobody knows whether it happened. */
    BROKE,
    /** Nobody knows whether it happened. */
    LOST
  }

  Fault(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  Fault(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }

  String why() {
    return String.valueOf(getMessage());
  }

  /** Whether the server itself, or the way to it, said what is wrong. */
  boolean told() {
    return kind != Kind.LOST;
  }

  /** The fault in an exception, or one that says that nobody knows. */
  static Fault of(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof Fault fault) {
        return fault;
      }
    }
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof McpError error) {
        return new Fault(Kind.REFUSED, Plain.line(String.valueOf(error.getMessage()), 500), error);
      }
    }
    return new Fault(Kind.LOST, Plain.line(String.valueOf(thrown.getMessage()), 500), thrown);
  }
}
