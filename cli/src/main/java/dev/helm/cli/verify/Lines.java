package dev.helm.cli.verify;

import dev.helm.api.bundle.BundleFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Lines of bounded length; each ends with a line feed, the last one too unless it may be open. */
final class Lines {
  private final InputStream in;
  private final String name;
  private final boolean open;
  private final byte[] buffer = new byte[1 << 16];
  private byte[] line = new byte[1 << 12];
  private int at;
  private int filled;
  private int length;
  private long number;

  Lines(InputStream in, String name) {
    this(in, name, false);
  }

  /**
   * @param open whether the last line may lack its line feed
   */
  Lines(InputStream in, String name, boolean open) {
    this.in = in;
    this.name = name;
    this.open = open;
  }

  /** Number of the last line that was given. */
  long number() {
    return number;
  }

  /** The last line's bytes, up to {@link #length}, until the next is read. */
  byte[] bytes() {
    return line;
  }

  /** How many bytes the last line has. */
  int length() {
    return length;
  }

  /** The last line as a text. */
  String text() {
    return new String(line, 0, length, StandardCharsets.UTF_8);
  }

  /**
   * The next line without its end, or null.
   *
   * @throws BundleException when it is too long or has no end
   */
  @Nullable String next() throws IOException {
    return read() ? text() : null;
  }

  /**
   * Reads the next line; false when there is none.
   *
   * @throws BundleException when it is too long or has no end
   */
  boolean read() throws IOException {
    length = 0;
    while (at < filled || fill()) {
      int end = at;
      while (end < filled && buffer[end] != '\n') {
        end++;
      }
      take(end - at);
      at = Math.min(filled, end + 1);
      if (end < filled) {
        number++;
        return true;
      }
    }
    if (length > 0 && !open) {
      throw new BundleException(name + " ends within line " + (number + 1));
    }
    number += length > 0 ? 1 : 0;
    return length > 0;
  }

  private boolean fill() throws IOException {
    at = 0;
    filled = Math.max(0, in.read(buffer, 0, buffer.length));
    return filled > 0;
  }

  private void take(int bytes) throws BundleException {
    if (length + bytes > BundleFormat.LINE_BYTES_MAX) {
      throw new BundleException(name + ": line " + (number + 1) + " is too long");
    }
    if (length + bytes > line.length) {
      line = Arrays.copyOf(line, Math.max(2 * line.length, length + bytes));
    }
    System.arraycopy(buffer, at, line, length, bytes);
    length += bytes;
  }
}
