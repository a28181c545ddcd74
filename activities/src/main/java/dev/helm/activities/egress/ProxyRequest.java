package dev.helm.activities.egress;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a client asks of the proxy. Host and port are still raw text here. Nothing is repaired: what
 * two readers could understand differently is refused.
 */
sealed interface ProxyRequest {
  /** Longest head that is read. */
  int MAX_HEAD_BYTES = 8 << 10;

  /** The host as the client wrote it. */
  String rawHost();

  /** 1 to 65535. */
  int port();

  /** A tunnel. */
  record Connect(String rawHost, int port) implements ProxyRequest {}

  /**
   * A request in plain HTTP.
   *
   * @param head what to send on: origin form, own Host header, connection closed after it
   * @param bodyBytes how many bytes follow the head, and not one more
   */
  record Plain(String rawHost, int port, byte[] head, long bodyBytes) implements ProxyRequest {}

  /**
   * Reads a head that ends with an empty line.
   *
   * @throws EgressDenied with status 400 if it is not exactly a proxy request
   */
  static ProxyRequest parse(byte[] head) throws EgressDenied {
    return Parser.parse(new String(head, StandardCharsets.ISO_8859_1));
  }

  /** What a head asks for as it was sent, for the log: the second word of its first line. */
  static String target(byte[] head) {
    String text = new String(head, StandardCharsets.ISO_8859_1);
    String[] words = text.split("\r?\n", 2)[0].split(" +", 3);
    return words.length > 1 ? words[1] : words[0];
  }

  /** The grammar. */
  final class Parser {
    // Attack: a bare CR or LF, a NUL, a folded line or a space before the colon ends a line for one
    // reader and not for the other. Safeguard: the whole head matches this or is refused.
    private static final Pattern HEAD =
        Pattern.compile(
            "[\\x21-\\x7e]{1,20} [\\x21-\\x7e]{1,4096} HTTP/1\\.[01]\r\n"
                + "(?:[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}:[\\t\\x20-\\x7e\\x80-\\xff]*+\r\n)*+\r\n");

    private static final Pattern CONNECT =
        Pattern.compile("CONNECT ([^:]+):([1-9][0-9]{0,4}) HTTP/1\\.[01]");
    private static final Pattern PLAIN =
        Pattern.compile(
            "(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?i:http)://([^/?#:@]+)(?::([1-9][0-9]{0,4}))?"
                + "([/?][^#]*)? HTTP/1\\.[01]");
    private static final Pattern LENGTH = Pattern.compile("0|[1-9][0-9]{0,17}");

    /** Headers that speak of this hop, or that this side sets. */
    private static final Set<String> DROPPED =
        Set.of(
            "host",
            "connection",
            "proxy-connection",
            "proxy-authorization",
            "keep-alive",
            "te",
            "trailer");

    private record Header(String name, String value, String line) {}

    private Parser() {}

    private static ProxyRequest parse(String text) throws EgressDenied {
      if (!HEAD.matcher(text).matches()) {
        throw new EgressDenied(400, "the request to the proxy is malformed");
      }
      List<String> lines = text.lines().toList();
      Matcher connect = CONNECT.matcher(lines.getFirst());
      Matcher plain = PLAIN.matcher(lines.getFirst());
      if (!connect.matches() && !plain.matches()) {
        throw new EgressDenied(400, "the proxy takes CONNECT host:port and nothing else");
      }
      List<Header> headers = headers(lines);
      long bodyBytes = bodyBytes(headers);
      if (plain.matches()) {
        return plain(plain, headers, bodyBytes);
      }
      if (bodyBytes > 0) {
        throw new EgressDenied(400, "a CONNECT has no body");
      }
      return new Connect(connect.group(1), port(connect.group(2)));
    }

    /** The last line is the empty one that ends the head. */
    private static List<Header> headers(List<String> lines) {
      List<Header> headers = new ArrayList<>();
      for (String line : lines.subList(1, lines.size() - 1)) {
        int colon = line.indexOf(':');
        headers.add(
            new Header(
                line.substring(0, colon).toLowerCase(Locale.ROOT),
                line.substring(colon + 1).strip(),
                line));
      }
      return headers;
    }

    private static long bodyBytes(List<Header> headers) throws EgressDenied {
      if (count(headers, "host") > 1) {
        throw new EgressDenied(400, "the request names its host twice");
      }
      if (count(headers, "upgrade") > 0 || count(headers, "http2-settings") > 0) {
        throw new EgressDenied(400, "a change of protocol is not let out");
      }
      // Attack: two lengths, or a length and chunks, hide a second request in the first one's body.
      // Safeguard: one plain length or none.
      if (count(headers, "transfer-encoding") > 0) {
        throw new EgressDenied(400, "a chunked body is not let out; send Content-Length");
      }
      List<Header> lengths =
          headers.stream().filter(header -> header.name().equals("content-length")).toList();
      if (lengths.isEmpty()) {
        return 0;
      }
      if (lengths.size() > 1 || !LENGTH.matcher(lengths.getFirst().value()).matches()) {
        throw new EgressDenied(400, "the request's length is not one number");
      }
      return Long.parseLong(lengths.getFirst().value());
    }

    private static long count(List<Header> headers, String name) {
      return headers.stream().filter(header -> header.name().equals(name)).count();
    }

    private static int port(String digits) throws EgressDenied {
      int port = Integer.parseInt(digits);
      if (port > 65_535) {
        throw new EgressDenied(400, "port " + digits + " is none");
      }
      return port;
    }

    private static Plain plain(Matcher line, List<Header> headers, long bodyBytes)
        throws EgressDenied {
      String host = line.group(2);
      int port = line.group(3) == null ? 80 : port(line.group(3));
      String path = line.group(4) == null ? "/" : line.group(4);
      StringBuilder head = new StringBuilder();
      head.append(line.group(1)).append(' ');
      head.append(path.startsWith("?") ? "/" + path : path).append(" HTTP/1.1\r\n");
      head.append("Host: ").append(host.toLowerCase(Locale.ROOT));
      head.append(port == 80 ? "" : ":" + port).append("\r\nConnection: close\r\n");
      for (Header header : headers) {
        if (!DROPPED.contains(header.name())) {
          head.append(header.line()).append("\r\n");
        }
      }
      head.append("\r\n");
      return new Plain(
          host, port, head.toString().getBytes(StandardCharsets.ISO_8859_1), bodyBytes);
    }
  }
}
