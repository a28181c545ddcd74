package dev.helm.keyproxy;

import java.io.IOException;

/** Bytes that are not the HTTP message which the proxy accepts at this place. */
final class BadMessageException extends IOException {
  private static final long serialVersionUID = 1;

  private final boolean tooLarge;

  BadMessageException(String message) {
    this(message, false);
  }

  private BadMessageException(String message, boolean tooLarge) {
    super(message);
    this.tooLarge = tooLarge;
  }

  static BadMessageException tooLarge(String message) {
    return new BadMessageException(message, true);
  }

  boolean isTooLarge() {
    return tooLarge;
  }
}
