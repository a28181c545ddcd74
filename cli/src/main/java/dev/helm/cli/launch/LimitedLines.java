package dev.helm.cli.launch;

import java.io.BufferedReader;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Reads lines of bounded length, so that a process that prints no line end costs no memory. */
final class LimitedLines {
  private LimitedLines() {}

  /** The next line or, of a longer one, the next {@code maxChars} characters; null at the end. */
  static @Nullable String next(BufferedReader in, int maxChars) throws IOException {
    StringBuilder line = new StringBuilder();
    int c = in.read();
    if (c < 0) {
      return null;
    }
    while (c >= 0 && c != '\n') {
      line.append((char) c);
      if (line.length() >= maxChars) {
        return line.toString();
      }
      c = in.read();
    }
    return line.toString().stripTrailing();
  }
}
