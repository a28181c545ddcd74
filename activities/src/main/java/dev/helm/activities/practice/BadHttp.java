package dev.helm.activities.practice;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A request that is refused before anybody looks at its content; the connection is closed. */
final class BadHttp extends IOException {
  private static final long serialVersionUID = 1L;
  private final int status;

  BadHttp(int status, String message) {
    super(message);
    this.status = status;
  }

  int status() {
    return status;
  }

  byte[] body() {
    String type = status == 413 ? "request_too_large" : "invalid_request_error";
    return ("{\"type\":\"error\",\"error\":{\"type\":\""
            + type
            + "\",\"message\":\""
            + getMessage()
            + "\"}}")
        .getBytes(StandardCharsets.UTF_8);
  }
}
