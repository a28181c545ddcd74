package dev.helm.api.blueprint;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A tool that a blueprint brings without a server: a command in the run's container, or one HTTP
 * request that Helm makes. One of {@code command} and {@code http} is there.
 *
 * @param description what the model is told of it
 * @param schema JSON Schema of its arguments, an object
 * @param command a program and its arguments; the call's arguments are JSON on its standard input
 * @param env plain text for the command's environment
 * @param http the request
 * @param timeoutMs longest time of one call
 * @param outward whether it acts on the world outside of the workspace
 * @param preview a read-only tool that is shown before this one is decided, or null
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record CustomTool(
    String description,
    Map<String, Object> schema,
    List<String> command,
    Map<String, String> env,
    @Nullable Http http,
    long timeoutMs,
    boolean outward,
    @Nullable String preview) {
  /** {@code ${secret:NAME}} in a header or a body. */
  public static final Pattern SECRET = Pattern.compile("\\$\\{secret:([A-Z][A-Z0-9_]{0,63})}");

  private static final Set<String> READING = Set.of("GET", "HEAD");

  public CustomTool {
    schema = Kept.map(schema);
    command = Kept.list(command);
    env = Kept.map(env);
    if (command.isEmpty() == (http == null)) {
      throw new IllegalArgumentException("a custom tool has one of command and http");
    }
  }

  /** Whether it may be a preview: it does not act, and if it is a request, that is one to read. */
  public boolean onlyReads() {
    return !outward && (http == null || READING.contains(http.method()));
  }

  /** The secrets that its request is given, each once. */
  public List<String> secrets() {
    return http == null ? List.of() : http.secrets();
  }

  /**
   * A request. {@code ${argument}} stands for an argument of the call, {@code ${secret:NAME}} in
   * headers and body for a secret, which is put in outside of every container.
   *
   * @param method {@code GET POST PUT PATCH DELETE HEAD}
   * @param url an https address; its host holds no argument
   * @param body null for the arguments as JSON where the method has a body
   * @param statusOnly whether the model is told the answer's status alone, and nothing of its body
   */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Http(
      String method,
      String url,
      Map<String, String> headers,
      @Nullable String body,
      boolean statusOnly) {
    private static final Pattern ARGUMENT = Pattern.compile("\\$\\{[^}]*}");

    public Http {
      headers = Kept.map(headers);
    }

    /** Whose answer the model reads. */
    public Http(String method, String url, Map<String, String> headers, @Nullable String body) {
      this(method, url, headers, body, false);
    }

    /** The one host that it reaches, in lower case; empty when the address names none. */
    public String host() {
      try {
        String host = URI.create(ARGUMENT.matcher(url).replaceAll("x")).getHost();
        return host == null ? "" : host.toLowerCase(Locale.ROOT);
      } catch (IllegalArgumentException e) {
        return "";
      }
    }

    List<String> secrets() {
      List<String> names = new ArrayList<>();
      headers.values().forEach(value -> find(value, names));
      find(body == null ? "" : body, names);
      return List.copyOf(names);
    }

    private static void find(String text, List<String> names) {
      Matcher matcher = SECRET.matcher(text);
      while (matcher.find()) {
        String name = matcher.group(1);
        if (name != null && !names.contains(name)) {
          names.add(name);
        }
      }
    }
  }
}
