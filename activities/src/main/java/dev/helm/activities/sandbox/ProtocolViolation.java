package dev.helm.activities.sandbox;

import java.io.IOException;

/** The other side of an executor's connection sent what no executor sends. */
final class ProtocolViolation extends IOException {
  private static final long serialVersionUID = 1L;

  ProtocolViolation(String message) {
    super(message);
  }
}
