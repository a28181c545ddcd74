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

  /**
   * The next line without its end, or null.
   *
   * @throws BundleException when it is too long or has no end
   */
  @Nullable String next() throws IOException {
    int length = 0;
    while (true) {
      if (at == filled) {
        filled = in.read(buffer, 0, buffer.length);
        at = 0;
        if (filled < 0) {
          filled = 0;
          if (length == 0) {
            return null;
          }
          if (!open) {
            throw new BundleException(name + " ends within line " + (number + 1));
          }
          number++;
          return new String(line, 0, length, StandardCharsets.UTF_8);
        }
      }
      int end = at;
      while (end < filled && buffer[end] != '\n') {
        end++;
      }
      if (length + end - at > BundleFormat.LINE_BYTES_MAX) {
        throw new BundleException(name + ": line " + (number + 1) + " is too long");
      }
      if (length + end - at > line.length) {
        line = Arrays.copyOf(line, Math.max(2 * line.length, length + end - at));
      }
      System.arraycopy(buffer, at, line, length, end - at);
      length += end - at;
      at = Math.min(filled, end + 1);
      if (end < filled) {
        number++;
        return new String(line, 0, length, StandardCharsets.UTF_8);
      }
    }
  }
}
