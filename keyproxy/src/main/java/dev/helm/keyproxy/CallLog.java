package dev.helm.keyproxy;

import java.io.PrintStream;

/** One line a call. It holds no header, no body and no token. */
final class CallLog {
  private final PrintStream out;

  CallLog(PrintStream out) {
    this.out = out;
  }

  /** {@code end} is how the call ended: answered, refused, or why it was cut. */
  void call(String id, int status, long ms, long bytesIn, long bytesOut, String end) {
    out.printf("call %s status %d ms %d in %d out %d %s%n", id, status, ms, bytesIn, bytesOut, end);
  }

  void note(String message) {
    out.println("keyproxy: " + message);
  }
}
