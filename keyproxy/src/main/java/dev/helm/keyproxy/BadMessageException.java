package dev.helm.keyproxy;

import java.io.IOException;

/** Bytes that are not the HTTP message which the proxy accepts at this place. */
final class BadMessageException extends IOException {
  private static final long serialVersionUID = 1;

  /** What is wrong with it. */
  enum Kind {
    MALFORMED,
    TOO_LARGE,
    HOLDS_KEY
  }

  private final Kind kind;

  BadMessageException(String message) {
    this(Kind.MALFORMED, message);
  }

  BadMessageException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }
}
