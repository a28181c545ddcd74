package dev.helm.keyproxy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the proxy takes from a request's head after it was found acceptable: the target as it goes
 * upstream, the client's token, the call's name and the headers of the allow-list.
 */
record RequestHead(
    Endpoint endpoint,
    String target,
    String token,
    @Nullable String call,
    List<Head.Header> forwarded,
    Framing framing,
    boolean keepAlive) {

  /** The two calls that exist. */
  enum Endpoint {
    MESSAGES,
    COUNT_TOKENS
  }

  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/=-]{1,512}");
  private static final Pattern CALL = Pattern.compile("[A-Za-z0-9/_.:-]{1,200}");
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:\\[\\]-]{1,255}");
  private static final Pattern JSON =
      Pattern.compile("application/json(; ?charset=utf-8)?", Pattern.CASE_INSENSITIVE);
  private static final Set<String> FORWARDED =
      Set.of("accept", "anthropic-version", "anthropic-beta", "user-agent", "x-app");
  private static final List<String> FORWARDED_FAMILIES = List.of("x-stainless-", "x-claude-code-");

  /** Headers that change how a message is read or sent on. A client that means them is refused. */
  private static final List<String> REFUSED =
      List.of(
          "content-encoding",
          "expect",
          "upgrade",
          "http2-settings",
          "te",
          "trailer",
          "proxy-authorization",
          "proxy-connection",
          "content-range",
          "range",
          "x-http-method-override");

  static RequestHead of(Head head) throws Refusal {
    Endpoint endpoint = null;
    String[] line = head.startLine().split(" ", -1);
    if (line.length != 3 || !line[2].equals("HTTP/1.1")) {
      throw Refusal.of(400, "the request line must be METHOD TARGET HTTP/1.1").closing();
    }
    String path =
        line[1].endsWith("?beta=true") ? line[1].substring(0, line[1].length() - 10) : line[1];
    switch (path) {
      case "/v1/messages" -> endpoint = Endpoint.MESSAGES;
      case "/v1/messages/count_tokens" -> endpoint = Endpoint.COUNT_TOKENS;
      default -> {
        throw Refusal.of(404, "the key proxy knows POST /v1/messages and nothing near it")
            .closing();
      }
    }
    if (!line[0].equals("POST")) {
      throw Refusal.of(405, "the key proxy takes POST only").closing();
    }
    try {
      return checked(head, endpoint, line[1]);
    } catch (BadMessageException e) {
      throw Refusal.of(400, e.getMessage() + "; send each header once").closing();
    }
  }

  private static RequestHead checked(Head head, Endpoint endpoint, String target)
      throws Refusal, BadMessageException {
    for (String name : REFUSED) {
      if (head.has(name)) {
        throw Refusal.of(400, "header " + name + " is not accepted; leave it out").closing();
      }
    }
    require(HOST, head.one("host"), "host");
    require(JSON, head.one("content-type"), "content-type (application/json)");
    String call = head.one("x-helm-call");
    if (call != null) {
      require(CALL, call, "x-helm-call");
    }
    String connection = head.one("connection");
    boolean keepAlive = connection == null || connection.equalsIgnoreCase("keep-alive");
    if (!keepAlive && !"close".equalsIgnoreCase(connection)) {
      throw Refusal.of(400, "header connection may say keep-alive or close only").closing();
    }
    return new RequestHead(
        endpoint, target, token(head), call, forwarded(head), Framing.of(head), keepAlive);
  }

  private static void require(Pattern pattern, @Nullable String value, String name) throws Refusal {
    if (value == null || !pattern.matcher(value).matches()) {
      throw Refusal.of(400, "header " + name + " is missing or malformed").closing();
    }
  }

  private static String token(Head head) throws Refusal, BadMessageException {
    String key = head.one("x-api-key");
    String bearer = head.one("authorization");
    if (key != null && bearer != null) {
      throw Refusal.of(400, "two credentials were sent; send x-api-key or authorization").closing();
    }
    if (bearer != null) {
      if (!bearer.regionMatches(true, 0, "Bearer ", 0, 7)) {
        throw Refusal.of(401, "authorization must be Bearer and the run's token").closing();
      }
      key = bearer.substring(7);
    }
    if (key == null || !TOKEN.matcher(key).matches()) {
      throw Refusal.of(401, "the run's token is missing or malformed; send it as x-api-key")
          .closing();
    }
    return key;
  }

  private static List<Head.Header> forwarded(Head head) throws BadMessageException {
    List<Head.Header> kept = new ArrayList<>();
    for (Head.Header header : head.headers()) {
      String name = header.name();
      if (FORWARDED.contains(name)
          || FORWARDED_FAMILIES.stream().anyMatch(family -> isOf(name, family))) {
        if (!name.equals("anthropic-beta")) {
          head.one(name);
        }
        kept.add(header);
      }
    }
    return List.copyOf(kept);
  }

  private static boolean isOf(String name, String family) {
    return name.startsWith(family) && name.chars().allMatch(RequestHead::isPlain);
  }

  private static boolean isPlain(int c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  }

  /** The betas asked for: they change what a call costs, so that they are part of its prefix. */
  String betas() {
    StringBuilder betas = new StringBuilder();
    for (Head.Header header : forwarded) {
      if (header.name().equals("anthropic-beta")) {
        betas.append(header.value().toLowerCase(Locale.ROOT)).append(',');
      }
    }
    return betas.toString();
  }

  /** Hides the token. */
  @Override
  public String toString() {
    return "RequestHead[" + endpoint + "]";
  }
}
