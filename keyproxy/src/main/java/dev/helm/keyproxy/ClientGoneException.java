package dev.helm.keyproxy;

import java.io.IOException;

/** The client closed its connection, or no longer reads from it. */
final class ClientGoneException extends IOException {
  private static final long serialVersionUID = 1;

  ClientGoneException(String message) {
    super(message);
  }
}
