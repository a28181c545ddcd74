package dev.helm.activities.egress;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a client asks of the proxy. Host and port are still raw text here. */
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
   */
  record Plain(String rawHost, int port, byte[] head) implements ProxyRequest {}

  /**
   * Reads a head that ends with an empty line.
   *
   * @throws EgressDenied with status 400 if it is not exactly a proxy request
   */
  static ProxyRequest parse(byte[] head) throws EgressDenied {
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (!Parser.HEAD.matcher(text).matches()) {
      throw new EgressDenied(400, "the request to the proxy is malformed");
    }
    List<String> lines = text.lines().toList();
    Matcher connect = Parser.CONNECT.matcher(lines.getFirst());
    if (connect.matches()) {
      return new Connect(connect.group(1), Parser.port(connect.group(2)));
    }
    Matcher plain = Parser.PLAIN.matcher(lines.getFirst());
    if (plain.matches()) {
      return Parser.plain(plain, lines);
    }
    throw new EgressDenied(400, "the proxy takes CONNECT host:port and nothing else");
  }

  /** The grammar. */
  final class Parser {
    /** Request line and headers: no bare CR or LF, no NUL, no folding. */
    private static final Pattern HEAD =
        Pattern.compile(
            "[\\x21-\\x7e]{1,20} [\\x21-\\x7e]{1,4096} HTTP/1\\.[01]\r\n"
                + "(?:[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}:[\\t\\x20-\\x7e\\x80-\\xff]*+\r\n)*+\r\n");

    private static final Pattern CONNECT =
        Pattern.compile("CONNECT ([^:]+):([0-9]{1,5}) HTTP/1\\.[01]");
    private static final Pattern PLAIN =
        Pattern.compile(
            "(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?i:http)://([^/?#:@]+)(?::([0-9]{1,5}))?"
                + "([/?][^#]*)? HTTP/1\\.[01]");

    /** Headers that speak of this hop, or that this side sets. */
    private static final List<String> DROPPED =
        List.of(
            "host:",
            "connection:",
            "proxy-connection:",
            "proxy-authorization:",
            "keep-alive:",
            "te:",
            "upgrade:");

    private Parser() {}

    private static int port(String digits) throws EgressDenied {
      int port = Integer.parseInt(digits);
      if (port < 1 || port > 65_535) {
        throw new EgressDenied(400, "port " + digits + " is none");
      }
      return port;
    }

    private static Plain plain(Matcher line, List<String> lines) throws EgressDenied {
      String host = line.group(2);
      int port = line.group(3) == null ? 80 : port(line.group(3));
      String path = line.group(4) == null ? "/" : line.group(4);
      StringBuilder head = new StringBuilder();
      head.append(line.group(1)).append(' ');
      head.append(path.startsWith("?") ? "/" + path : path).append(" HTTP/1.1\r\n");
      head.append("Host: ").append(host.toLowerCase(Locale.ROOT));
      head.append(port == 80 ? "" : ":" + port).append("\r\nConnection: close\r\n");
      for (String header : lines.subList(1, lines.size())) {
        String name = header.toLowerCase(Locale.ROOT);
        if (DROPPED.stream().noneMatch(name::startsWith)) {
          head.append(header).append("\r\n");
        }
      }
      // The last line was the empty one that ends the head.
      return new Plain(host, port, head.toString().getBytes(StandardCharsets.ISO_8859_1));
    }
  }
}
