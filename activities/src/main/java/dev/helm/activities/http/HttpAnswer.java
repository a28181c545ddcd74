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
 * An answer. All of it is foreign.
 *
 * @param headers by lower-case name; of a repeated one the first
 * @param body its beginning, at most as long as was asked for
 * @param cut whether there was more of it
 */
public record HttpAnswer(int status, Map<String, String> headers, byte[] body, boolean cut) {
  private static final int HEAD_BYTES_MAX = 64 * 1024;
  private static final int LINE_BYTES_MAX = 16 * 1024;
  private static final int INTERIM_MAX = 10;

  /** A header's value, empty when there is none. */
  public String header(String lowerCaseName) {
    return headers.getOrDefault(lowerCaseName, "");
  }

  /** Reads one answer to its end, or to {@code bodyBytesMax} of its body. */
  static HttpAnswer read(InputStream in, String method, int bodyBytesMax) throws IOException {
    int[] left = {HEAD_BYTES_MAX};
    for (int i = 0; i < INTERIM_MAX; i++) {
      int status = status(line(in, left));
      Map<String, String> headers = headers(in, left);
      if (status >= 200) {
        return body(in, method, status, headers, bodyBytesMax);
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
      headers.putIfAbsent(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return headers;
  }

  private static HttpAnswer body(
      InputStream in, String method, int status, Map<String, String> headers, int bytesMax)
      throws IOException {
    if (method.equals("HEAD") || status == 204 || status == 304) {
      return new HttpAnswer(status, headers, new byte[0], false);
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    boolean cut;
    if (headers
        .getOrDefault("transfer-encoding", "")
        .toLowerCase(Locale.ROOT)
        .contains("chunked")) {
      cut = chunks(in, body, bytesMax);
    } else {
      String length = headers.get("content-length");
      if (length == null) {
        body.writeBytes(in.readNBytes(bytesMax));
        cut = in.read() >= 0;
      } else {
        if (!length.matches("[0-9]{1,15}")) {
          throw new IOException("the length of its answer is no number");
        }
        long bytes = Long.parseLong(length);
        cut = bytes > bytesMax;
        exactly(in, body, (int) Math.min(bytes, bytesMax));
      }
    }
    return new HttpAnswer(status, headers, body.toByteArray(), cut);
  }

  private static boolean chunks(InputStream in, ByteArrayOutputStream body, int bytesMax)
      throws IOException {
    while (true) {
      String size = line(in, new int[] {LINE_BYTES_MAX}).split(";", 2)[0].strip();
      if (!size.matches("[0-9a-fA-F]{1,8}")) {
        throw new IOException("a chunk of its answer has no length");
      }
      long bytes = Long.parseLong(size, 16);
      if (bytes == 0) {
        return false;
      }
      int room = bytesMax - body.size();
      exactly(in, body, (int) Math.min(bytes, room));
      if (bytes > room) {
        return true;
      }
      if (!line(in, new int[] {LINE_BYTES_MAX}).isEmpty()) {
        throw new IOException("a chunk of its answer is longer than it says");
      }
    }
  }

  private static void exactly(InputStream in, ByteArrayOutputStream body, int bytes)
      throws IOException {
    byte[] read = in.readNBytes(bytes);
    if (read.length < bytes) {
      throw new EOFException("it broke off in the middle of its answer");
    }
    body.writeBytes(read);
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
}
