package dev.helm.activities.foreign.claude;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Lines of bytes, however they were cut on the way, and none that is too long. */
final class LineReader {
  private static final int BUFFER_BYTES = 64 << 10;

  private final InputStream in;
  private final int lineBytesMax;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int at;
  private int end;

  LineReader(InputStream in, int lineBytesMax) {
    this.in = in;
    this.lineBytesMax = lineBytesMax;
  }

  /**
   * The next line without its end, or null when there is none; a last line without an end was cut
   * and counts for nothing.
   *
   * @throws IOException the line is longer than allowed, or the stream failed
   */
  byte @Nullable [] next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      if (at == end) {
        end = in.read(buffer);
        at = 0;
        if (end < 0) {
          end = 0;
          return null;
        }
      }
      int from = at;
      while (at < end && buffer[at] != '\n') {
        at++;
      }
      if (line.size() + (at - from) > lineBytesMax) {
        throw new IOException("a line of more than " + lineBytesMax + " bytes");
      }
      line.write(buffer, from, at - from);
      if (at < end) {
        at++;
        return line.toByteArray();
      }
    }
  }
}
