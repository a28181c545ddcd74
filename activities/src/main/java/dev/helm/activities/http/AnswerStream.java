package dev.helm.activities.http;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * An answer in strict HTTP/1.1 whose body is read as it comes. All of it is foreign: its head is
 * bounded, two readings of its length are an error, and nothing is unpacked. Whoever reads the body
 * bounds it.
 *
 * @param headers by lower-case name; of a repeated one all, with commas between them
 * @param body to the end of the answer; an early end is an {@link EOFException}
 */
public record AnswerStream(int status, Map<String, String> headers, InputStream body) {
  private static final int HEAD_BYTES_MAX = 64 * 1024;
  private static final int LINE_BYTES_MAX = 16 * 1024;
  private static final int INTERIM_MAX = 10;

  /** Reads the head of the answer to a request of this method. */
  public static AnswerStream read(InputStream in, String method) throws IOException {
    int[] left = {HEAD_BYTES_MAX};
    for (int i = 0; i < INTERIM_MAX; i++) {
      int status = status(line(in, left));
      Map<String, String> headers = headers(in, left);
      if (status >= 200) {
        return new AnswerStream(status, headers, body(in, method, status, headers));
      }
    }
    throw new IOException("it sends one interim answer after the other");
  }

  private static int status(String line) throws IOException {
    if (!line.matches("HTTP/1\\.[01] [1-5][0-9]{2}( .*)?")) {
      throw new IOException("it does not answer in HTTP/1.1");
    }
    return Integer.parseInt(line.substring(9, 12));
  }

  private static Map<String, String> headers(InputStream in, int[] left) throws IOException {
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line = line(in, left); !line.isEmpty(); line = line(in, left)) {
      int colon = line.indexOf(':');
      if (colon <= 0) {
        throw new IOException("a header of its answer has no name");
      }
      headers.merge(
          line.substring(0, colon).toLowerCase(Locale.ROOT),
          line.substring(colon + 1).strip(),
          (first, second) -> first + ", " + second);
    }
    return headers;
  }

  private static InputStream body(
      InputStream in, String method, int status, Map<String, String> headers) throws IOException {
    if (method.equals("HEAD") || status == 204 || status == 304) {
      return InputStream.nullInputStream();
    }
    String coding = headers.get("transfer-encoding");
    String length = headers.get("content-length");
    if (coding != null) {
      // Attack: what one reader takes for the end is another's middle.
      if (length != null || !coding.equalsIgnoreCase("chunked")) {
        throw new IOException("its answer is in an unknown coding, or says twice how long it is");
      }
      return new Body(in, 0, true);
    }
    if (length == null) {
      return in;
    }
    if (!length.matches("[0-9]{1,15}")) {
      throw new IOException("the length of its answer is no number");
    }
    return new Body(in, Long.parseLong(length), false);
  }

  private static String line(InputStream in, int[] left) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      int octet = in.read();
      if (octet < 0) {
        throw new EOFException("it closed the connection before it had answered");
      }
      if (octet == '\n') {
        return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
      }
      if (--left[0] < 0 || line.size() >= LINE_BYTES_MAX) {
        throw new IOException("the head of its answer is too long");
      }
      line.write(octet);
    }
  }

  /** So many bytes, or chunks until one is empty; an error if there are fewer. */
  private static final class Body extends InputStream {
    private final InputStream in;
    private final boolean chunked;
    private long left;
    private boolean first = true;
    private boolean ended;

    Body(InputStream in, long left, boolean chunked) {
      this.in = in;
      this.left = left;
      this.chunked = chunked;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (chunked && left == 0 && !ended) {
        next();
      }
      if (left == 0) {
        return -1;
      }
      int n = in.read(into, offset, (int) Math.min(length, left));
      if (n < 0) {
        throw new EOFException("it broke off in the middle of its answer");
      }
      left -= n;
      return n;
    }

    private void next() throws IOException {
      if (!first && !line(in, new int[] {LINE_BYTES_MAX}).isEmpty()) {
        throw new IOException("a chunk of its answer is longer than it says");
      }
      first = false;
      String size = line(in, new int[] {LINE_BYTES_MAX}).split(";", 2)[0].strip();
      if (!size.matches("[0-9A-Fa-f]{1,12}")) {
        throw new IOException("a chunk of its answer has no length");
      }
      left = Long.parseLong(size, 16);
      ended = left == 0;
    }
  }
}
