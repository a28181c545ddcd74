package dev.helm.activities.http;

import dev.helm.activities.secret.Secrets;
import dev.helm.api.Secret;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.workflows.HelmJson;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A tool's request with the call's arguments and the project's secrets in their places. Each value
 * is written as its place wants it, so that none of them can be read as more than a value.
 */
public final class Filled {
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^}]*)}");
  private static final List<String> WITH_BODY = List.of("POST", "PUT", "PATCH");
  private static final String JSON = "application/json";
  private static final String FORM = "application/x-www-form-urlencoded";

  private final Map<String, Object> arguments;
  private final Secrets secrets;
  private final String project;

  private Filled(Map<String, Object> arguments, Secrets secrets, String project) {
    this.arguments = arguments;
    this.secrets = secrets;
    this.project = project;
  }

  /** A request that cannot be made as it is; nothing was sent. */
  public static final class Wrong extends Exception {
    private static final long serialVersionUID = 1;

    Wrong(String reason) {
      super(reason);
    }

    /** Why, and what to do. */
    public String reason() {
      return String.valueOf(getMessage());
    }
  }

  /**
   * A request that can be sent.
   *
   * @param secure whether it goes over TLS
   */
  public record Ready(String host, int port, boolean secure, HttpCall.Request request) {}

  /**
   * Fills in everything.
   *
   * @throws Wrong when an argument cannot stand where it is wanted, or a secret is missing
   * @throws Secrets.UnreadableException when one cannot be opened
   */
  public static Ready of(
      CustomTool.Http http, Map<String, Object> arguments, Secrets secrets, String project)
      throws Wrong {
    return new Filled(arguments, secrets, project).ready(http);
  }

  private Ready ready(CustomTool.Http http) throws Wrong {
    URI address = address(http);
    Map<String, String> headers = new LinkedHashMap<>();
    for (Map.Entry<String, String> header : http.headers().entrySet()) {
      headers.put(header.getKey(), header(header.getKey(), header.getValue()));
    }
    String type = type(headers);
    byte[] body = null;
    String template = http.body();
    if (template != null) {
      body = body(template, type).getBytes(StandardCharsets.UTF_8);
    } else if (WITH_BODY.contains(http.method())) {
      body = HelmJson.write(arguments).getBytes(StandardCharsets.UTF_8);
    }
    if (body != null && type.isEmpty()) {
      headers.put("Content-Type", template == null || isJson(template, "") ? JSON : "text/plain");
    }
    boolean secure = address.getScheme().equalsIgnoreCase("https");
    int port = address.getPort() >= 0 ? address.getPort() : secure ? 443 : 80;
    String path = address.getRawPath().isEmpty() ? "/" : address.getRawPath();
    String query = address.getRawQuery() == null ? "" : "?" + address.getRawQuery();
    return new Ready(
        http.host(),
        port,
        secure,
        new HttpCall.Request(http.method(), path + query, headers, HttpCall.Body.of(body)));
  }

  private URI address(CustomTool.Http http) throws Wrong {
    String path = pathOf(http.url());
    String text =
        filled(path, Filled::segment)
            + filled(http.url().substring(path.length()), (name, value) -> encoded(value));
    URI address;
    try {
      address = new URI(text);
    } catch (URISyntaxException e) {
      throw new Wrong("the address is none once the arguments are in it: " + e.getReason());
    }
    if (!http.host().equalsIgnoreCase(address.getHost()) || address.getRawUserInfo() != null) {
      throw new Wrong("the address leads to another host once the arguments are in it");
    }
    // Attack: an argument of ".." climbs to another path of the same server.
    for (String segment : String.valueOf(address.getRawPath()).split("/", -1)) {
      if (segment.equals(".") || segment.equals("..")) {
        throw new Wrong("an argument may not be \"" + segment + "\" in an address");
      }
    }
    return address;
  }

  /** An address up to its query; a mark within a reference is part of the reference's name. */
  private static String pathOf(String url) {
    boolean within = false;
    for (int i = 0; i < url.length(); i++) {
      char c = url.charAt(i);
      within = within ? c != '}' : url.startsWith("${", i);
      if (!within && (c == '?' || c == '#')) {
        return url.substring(0, i);
      }
    }
    return url;
  }

  /** Attack: servers that read %2F as a slash climb with "../", or into a path of their own. */
  private static String segment(String name, String value) throws Wrong {
    if (value.isEmpty()
        || value.equals(".")
        || value.equals("..")
        || value.chars().anyMatch(c -> c == '/' || c == '\\' || c < 0x20 || c == 0x7f)) {
      throw new Wrong(
          "the argument "
              + name
              + " stands in the address's path: it may not be empty, \".\" or \"..\", and may not"
              + " hold /, \\ or control characters");
    }
    return encoded(value);
  }

  private String header(String name, String template) throws Wrong {
    String value = filled(template, (argument, text) -> text).strip();
    // Attack: a line end in a value begins a header, or a request, of its own.
    if (value.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
      throw new Wrong(
          "what goes into the header " + name + " has a line end or another control character");
    }
    return value;
  }

  private static String type(Map<String, String> headers) {
    return headers.entrySet().stream()
        .filter(header -> header.getKey().equalsIgnoreCase("content-type"))
        .map(header -> header.getValue().toLowerCase(Locale.ROOT))
        .findFirst()
        .orElse("");
  }

  private String body(String template, String type) throws Wrong {
    if (isJson(template, type)) {
      return json(template);
    }
    boolean form = type.startsWith(FORM);
    return filled(template, (name, value) -> form ? encoded(value) : value);
  }

  private static boolean isJson(String template, String type) {
    String start = template.strip();
    return type.isEmpty() ? start.startsWith("{") || start.startsWith("[") : type.contains("json");
  }

  /** Within quotes a value is a part of that text, outside of them a JSON value of its own. */
  private String json(String template) throws Wrong {
    StringBuilder text = new StringBuilder();
    Matcher matcher = REFERENCE.matcher(template);
    boolean quoted = false;
    int done = 0;
    while (matcher.find()) {
      String between = template.substring(done, matcher.start());
      quoted ^= flips(between);
      text.append(between);
      Object value = value(String.valueOf(matcher.group(1)));
      Object said = quoted && !(value instanceof String) ? plain(value) : value;
      String written = said == null ? "null" : HelmJson.write(said);
      text.append(quoted ? written.substring(1, written.length() - 1) : written);
      done = matcher.end();
    }
    return text.append(template.substring(done)).toString();
  }

  /** Whether an odd number of quotes stand in it. */
  private static boolean flips(String json) {
    boolean odd = false;
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '"') {
        odd = !odd;
      }
    }
    return odd;
  }

  /** How a value is written where it stands. */
  private interface Writing {
    String of(String name, String value) throws Wrong;
  }

  private String filled(String template, Writing writing) throws Wrong {
    StringBuilder text = new StringBuilder();
    Matcher matcher = REFERENCE.matcher(template);
    int done = 0;
    while (matcher.find()) {
      String name = String.valueOf(matcher.group(1));
      text.append(template, done, matcher.start()).append(writing.of(name, plain(value(name))));
      done = matcher.end();
    }
    return text.append(template.substring(done)).toString();
  }

  private @Nullable Object value(String name) throws Wrong {
    if (!name.startsWith("secret:")) {
      return arguments.get(name);
    }
    String secret = name.substring("secret:".length());
    Secret value = secrets.get(project, secret);
    if (value == null) {
      throw new Wrong(
          "project "
              + project
              + " has no secret "
              + secret
              + "; an operator sets it with: helm secret set "
              + secret
              + " --project "
              + project);
    }
    return value.reveal();
  }

  private static String plain(@Nullable Object value) {
    return value == null ? "" : value instanceof String text ? text : HelmJson.write(value);
  }

  private static String encoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A");
  }
}
