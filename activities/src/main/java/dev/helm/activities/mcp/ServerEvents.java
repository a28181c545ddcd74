package dev.helm.activities.mcp;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A stream of server-sent events, each of bounded size. */
final class ServerEvents {
  private static final long RETRY_MS_MAX = 30_000;
  private static final int ID_CHARS_MAX = 1_000;

  private final InputStream in;
  private @Nullable String lastId;
  private long retryMs = 1_000;
  private boolean afterReturn;

  ServerEvents(InputStream in) {
    this.in = new BufferedInputStream(in, 1 << 14);
  }

  /** The data of the next event that has any; null at the end of the stream. */
  @Nullable String next() throws IOException {
    StringBuilder data = new StringBuilder();
    boolean any = false;
    for (String line = line(); line != null; line = line()) {
      if (line.isEmpty()) {
        if (any && !data.isEmpty()) {
          return data.toString();
        }
        any = false;
        data.setLength(0);
        continue;
      }
      int colon = line.indexOf(':');
      String field = colon < 0 ? line : line.substring(0, colon);
      String value = colon < 0 ? "" : line.substring(colon + 1);
      value = value.startsWith(" ") ? value.substring(1) : value;
      if (field.equals("data")) {
        data.append(any ? "\n" : "").append(value);
        any = true;
        tooLarge(data.length());
      } else {
        note(field, value);
      }
    }
    return null;
  }

  private void note(String field, String value) {
    if (field.equals("id")
        && value.length() <= ID_CHARS_MAX
        && value.chars().allMatch(c -> c >= ' ' && c <= 0x7e)) {
      lastId = value;
    } else if (field.equals("retry") && value.matches("[0-9]{1,9}")) {
      retryMs = Math.min(RETRY_MS_MAX, Long.parseLong(value));
    }
  }

  /** The number of the last event that had one. */
  @Nullable String lastId() {
    return lastId;
  }

  /** How long to wait before the stream is asked for again. */
  long retryMs() {
    return retryMs;
  }

  private @Nullable String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    int c = in.read();
    if (afterReturn && c == '\n') {
      c = in.read();
    }
    afterReturn = false;
    if (c < 0) {
      return null;
    }
    while (c >= 0 && c != '\n' && c != '\r') {
      line.write(c);
      tooLarge(line.size());
      c = in.read();
    }
    afterReturn = c == '\r';
    // What a broken stream ends with is no whole event.
    return c < 0 ? null : line.toString(StandardCharsets.UTF_8);
  }

  private static void tooLarge(int size) {
    if (size > Limits.MESSAGE_BYTES_MAX) {
      throw new Fault(
          Fault.Kind.TOO_LARGE,
          "it sent a message of more than " + (Limits.MESSAGE_BYTES_MAX >> 20) + " MiB");
    }
  }
}
