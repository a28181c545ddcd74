package dev.helm.keyproxy;

import static dev.helm.keyproxy.BadMessageException.Kind.HOLDS_KEY;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the proxy takes from an upstream's head: the status, the headers of the allow-list, and the
 * framing. Whatever else an answer may be (a redirect, an upgrade, an encoded body) is refused.
 */
record ResponseHead(
    int status,
    String contentType,
    List<Head.Header> forwarded,
    Framing framing,
    boolean keepAlive) {
  private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.1 ([1-5][0-9]{2})( .*)?");
  private static final Pattern JSON = Pattern.compile("application/json( *;.*)?");
  private static final Pattern EVENTS = Pattern.compile("text/event-stream( *;.*)?");
  private static final Set<String> FORWARDED =
      Set.of(
          "content-type",
          "cache-control",
          "date",
          "request-id",
          "retry-after",
          "retry-after-ms",
          "x-should-retry");
  private static final String FORWARDED_FAMILY = "anthropic-ratelimit-";

  /** {@code bytes} is the head as it came, so that an echoed key is found wherever it stands. */
  static ResponseHead of(byte[] bytes, int maxHeaders, ModelKey key) throws BadMessageException {
    if (key.scan().take(bytes, 0, bytes.length)) {
      throw new BadMessageException(HOLDS_KEY, "the upstream's head holds the model key");
    }
    Head head = Head.parse(bytes, maxHeaders);
    var line = STATUS_LINE.matcher(head.startLine());
    if (!line.matches()) {
      throw new BadMessageException("the upstream's status line is not HTTP/1.1");
    }
    int status = Integer.parseInt(line.group(1));
    if (status != 200 && status < 400) {
      throw new BadMessageException("the upstream answered " + status + ", which is not passed on");
    }
    String encoding = head.one("content-encoding");
    if (head.has("upgrade") || (encoding != null && !encoding.equalsIgnoreCase("identity"))) {
      throw new BadMessageException("the upstream's answer is encoded or wants an upgrade");
    }
    String type = head.one("content-type");
    type = type == null ? "" : type.toLowerCase(Locale.ROOT);
    if (status == 200 && !JSON.matcher(type).matches() && !EVENTS.matcher(type).matches()) {
      throw new BadMessageException("the upstream's answer is neither JSON nor an event stream");
    }
    return new ResponseHead(status, type, kept(head), Framing.of(head), keepsAlive(head));
  }

  private static boolean keepsAlive(Head head) throws BadMessageException {
    String connection = head.one("connection");
    return connection == null || connection.equalsIgnoreCase("keep-alive");
  }

  private static List<Head.Header> kept(Head head) {
    return head.headers().stream()
        .filter(h -> FORWARDED.contains(h.name()) || h.name().startsWith(FORWARDED_FAMILY))
        .toList();
  }

  boolean isEvents() {
    return EVENTS.matcher(contentType).matches();
  }
}
