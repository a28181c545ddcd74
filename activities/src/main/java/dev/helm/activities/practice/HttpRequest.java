package dev.helm.activities.practice;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request.
 *
 * @param headers by lower-case name; a repeated header keeps its first value
 */
record HttpRequest(
    String method, String target, Map<String, String> headers, byte[] body, boolean keepAlive) {
  private static final int HEAD_CAP_BYTES = 65_536;

  HttpRequest {
    headers = Map.copyOf(headers);
  }

  /** The target without its query. */
  String path() {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  String header(String lowerCaseName) {
    return headers.getOrDefault(lowerCaseName, "");
  }

  /** Reads the next request; null when the peer closed before one began. */
  static @Nullable HttpRequest read(InputStream in, int bodyCapBytes, HttpReply reply)
      throws IOException {
    String first = line(in, HEAD_CAP_BYTES);
    if (first == null) {
      return null;
    }
    String[] words = first.split(" ", -1);
    if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
      throw new BadHttp(400, "not an HTTP/1.1 request line");
    }
    Map<String, String> headers = headers(in);
    if (headers.getOrDefault("expect", "").equalsIgnoreCase("100-continue")) {
      reply.goOn();
    }
    byte[] body = body(in, headers, bodyCapBytes);
    boolean keepAlive =
        words[2].equals("HTTP/1.1")
            && !headers.getOrDefault("connection", "").equalsIgnoreCase("close");
    return new HttpRequest(words[0], words[1], headers, body, keepAlive);
  }

  private static Map<String, String> headers(InputStream in) throws IOException {
    Map<String, String> headers = new HashMap<>();
    int left = HEAD_CAP_BYTES;
    while (true) {
      String line = line(in, left);
      if (line == null) {
        throw new BadHttp(400, "the request ends inside its head");
      }
      if (line.isEmpty()) {
        return headers;
      }
      left -= line.length() + 2;
      int colon = line.indexOf(':');
      if (colon <= 0) {
        throw new BadHttp(400, "a header line without a name");
      }
      headers.putIfAbsent(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
  }

  private static byte[] body(InputStream in, Map<String, String> headers, int capBytes)
      throws IOException {
    if (headers.getOrDefault("transfer-encoding", "").equalsIgnoreCase("chunked")) {
      return chunked(in, capBytes);
    }
    String length = headers.getOrDefault("content-length", "0");
    if (!length.matches("[0-9]{1,12}")) {
      throw new BadHttp(400, "content-length is not a number");
    }
    if (Long.parseLong(length) > capBytes) {
      throw new BadHttp(413, "Request exceeds the maximum size");
    }
    return exactly(in, Integer.parseInt(length));
  }

  private static byte[] chunked(InputStream in, int capBytes) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      String size = line(in, 1_000);
      if (size == null || !size.matches("[0-9a-fA-F]{1,7}")) {
        throw new BadHttp(400, "a chunk without a size");
      }
      int n = Integer.parseInt(size, 16);
      if (body.size() + n > capBytes) {
        throw new BadHttp(413, "Request exceeds the maximum size");
      }
      body.writeBytes(exactly(in, n));
      line(in, 1_000);
      if (n == 0) {
        return body.toByteArray();
      }
    }
  }

  private static byte[] exactly(InputStream in, int n) throws IOException {
    byte[] bytes = in.readNBytes(n);
    if (bytes.length < n) {
      throw new BadHttp(400, "the request ends inside its body");
    }
    return bytes;
  }

  private static @Nullable String line(InputStream in, int capBytes) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(80);
    for (int b = in.read(); b >= 0; b = in.read()) {
      if (b == '\n') {
        String text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
      }
      line.write(b);
      if (line.size() > capBytes) {
        throw new BadHttp(431, "the request's head is too large");
      }
    }
    return null;
  }
}
