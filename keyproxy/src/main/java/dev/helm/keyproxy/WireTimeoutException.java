package dev.helm.keyproxy;

import java.io.IOException;

/** A read or write that took longer than its deadline; the wire is closed by then. */
final class WireTimeoutException extends IOException {
  private static final long serialVersionUID = 1;

  WireTimeoutException(String message) {
    super(message);
  }
}
