package dev.helm.service.blueprint;

import dev.helm.api.blueprint.Blueprint.Defaults;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.LooksSecret;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The section {@code customTools}. */
final class CustomToolsReader {
  static final int TOOLS_MAX = 50;
  static final int HEADERS_MAX = 30;
  static final int BODY_CHARS_MAX = 65_536;
  static final int DESCRIPTION_CHARS_MAX = 2_000;
  static final Pattern NAME = Pattern.compile("[A-Z][A-Za-z0-9]{0,63}");
  static final Pattern HEADER = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}");
  static final List<String> METHODS = List.of("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD");

  private static final List<String> ANSWERS = List.of("body", "status");

  /** What the connection itself decides. */
  private static final Set<String> OWN_HEADERS =
      Set.of("host", "content-length", "transfer-encoding", "connection", "upgrade", "te");

  private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^}]*)}");

  private final Mistakes mistakes;
  private final Parts parts;

  CustomToolsReader(Mistakes mistakes) {
    this.mistakes = mistakes;
    this.parts = new Parts(mistakes);
  }

  Map<String, CustomTool> read(Fields root) {
    Map<String, CustomTool> tools = new LinkedHashMap<>();
    parts.named(
        root,
        "customTools",
        NAME,
        "1 to 64 letters and digits, the first one upper-case,",
        TOOLS_MAX,
        (name, group) -> {
          String path = "customTools." + name;
          if (Tools.reserved(name)) {
            mistakes.add(group.at(), path, "Helm has a tool named " + name, "choose another name");
          } else {
            CustomTool tool = tool(group, path);
            if (tool != null) {
              tools.put(name, tool);
            }
          }
        });
    return tools;
  }

  private @Nullable CustomTool tool(Tree.Obj group, String path) {
    Fields fields =
        Fields.of(
            group,
            path,
            List.of(
                "description", "schema", "command", "env", "http", "timeout", "outward", "preview"),
            Map.of(),
            mistakes);
    String description = fields.text("description", DESCRIPTION_CHARS_MAX);
    if (fields.get("description") == null || description != null && description.isBlank()) {
      mistakes.add(
          group.at(),
          fields.at("description"),
          "\"description\" is missing",
          "the model reads it to know when to call the tool");
    }
    Map<String, Object> schema = schema(fields, group);
    List<String> command = parts.command(fields, "command");
    CustomTool.Http http = http(fields, schema);
    if ((fields.get("command") == null) == (fields.get("http") == null)) {
      mistakes.add(group.at(), path, "a custom tool has one of command and http");
      return null;
    }
    Map<String, String> env = parts.environment(fields);
    if (http != null && fields.get("env") != null) {
      mistakes.add(fields.posOf("env"), fields.at("env"), "env goes with command");
    }
    long timeoutMs =
        fields.durationMs(
            "timeout", 1000, McpServersReader.TIMEOUT_MAX_MS, Defaults.TOOL_TIMEOUT.toMillis());
    boolean outward = fields.flag("outward", fields.get("http") != null);
    String preview = fields.text("preview", 200);
    return command.isEmpty() == (http == null)
        ? null
        : new CustomTool(
            description == null ? "" : description,
            schema,
            command,
            env,
            http,
            timeoutMs,
            outward,
            preview);
  }

  private Map<String, Object> schema(Fields fields, Tree.Obj group) {
    Tree.Obj schema = fields.group("schema");
    if (schema != null) {
      return new InputsReader(mistakes).ofTool(schema, fields.at("schema"));
    }
    if (fields.get("schema") == null) {
      mistakes.add(
          group.at(),
          fields.at("schema"),
          "\"schema\" is missing",
          "{type: object, properties: {…}} says which arguments the tool takes");
    }
    return Map.of();
  }

  private CustomTool.@Nullable Http http(Fields fields, Map<String, Object> schema) {
    Tree.Obj group = fields.group("http");
    if (group == null) {
      return null;
    }
    Fields http =
        Fields.of(
            group,
            fields.at("http"),
            List.of("method", "url", "headers", "body", "answer"),
            Map.of(),
            mistakes);
    String method = http.text("method", 20);
    if (method == null || !METHODS.contains(method)) {
      mistakes.add(
          http.posOf("method"),
          http.at("method"),
          "expected one of " + String.join(", ", METHODS),
          method == null ? null : Nearest.hint(method, METHODS));
    }
    String url = http.text("url", 2_000);
    Set<String> arguments =
        schema.get("properties") instanceof Map<?, ?> properties
            ? Set.copyOf(properties.keySet().stream().map(String::valueOf).toList())
            : Set.of();
    references(http, "url", url, arguments, false);
    CustomTool.Http read =
        new CustomTool.Http(
            method == null ? "" : method, url == null ? "" : url, headers(http, arguments), null);
    host(http, read);
    String body = http.text("body", BODY_CHARS_MAX);
    references(http, "body", body, arguments, true);
    return new CustomTool.Http(read.method(), read.url(), read.headers(), body, statusOnly(http));
  }

  private boolean statusOnly(Fields http) {
    String answer = http.text("answer", 20);
    if (answer != null && !ANSWERS.contains(answer)) {
      mistakes.add(
          http.posOf("answer"),
          http.at("answer"),
          "expected body or status, found \"" + answer + "\"",
          Nearest.hint(answer, ANSWERS));
    }
    return "status".equals(answer);
  }

  /** One host, known before any argument is, so that people and rules know where it leads. */
  private void host(Fields http, CustomTool.Http read) {
    String url = read.url();
    int path = url.indexOf('/', Math.min(url.length(), url.indexOf("://") + 3));
    String authority = path < 0 ? url : url.substring(0, path);
    if (read.host().isEmpty()
        || authority.contains("${")
        || !Parts.address(REFERENCE.matcher(url).replaceAll("x"))) {
      mistakes.add(
          http.posOf("url"),
          http.at("url"),
          "expected an address such as https://api.example.com/items/${id}",
          authority.contains("${") ? "the host is the same for every call" : null);
    }
  }

  private Map<String, String> headers(Fields http, Set<String> arguments) {
    Map<String, String> headers =
        parts.texts(http, "headers", HEADER, "a header's name", HEADERS_MAX, 4_096);
    headers.forEach(
        (name, value) -> {
          String member = "headers." + name;
          if (OWN_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
            mistakes.add(
                http.posOf("headers"), http.at(member), "this header is the connection's own");
          }
          if (value.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
            mistakes.add(
                http.posOf("headers"), http.at(member), "a header's value is one line of text");
          }
          references(http, member, value, arguments, true);
        });
    return headers;
  }

  private void references(
      Fields http, String member, @Nullable String text, Set<String> arguments, boolean secrets) {
    if (text == null) {
      return;
    }
    Tree.Pos at = http.posOf(member.startsWith("headers.") ? "headers" : member);
    if (secrets ? LooksSecret.token(text) : LooksSecret.address(text)) {
      mistakes.add(
          at,
          http.at(member),
          secrets
              ? "this looks like a secret"
              : "this looks like a secret, and an address is logged on its way",
          secrets ? "write ${secret:NAME}" : "send it in a header, as ${secret:NAME}");
    }
    Matcher matcher = REFERENCE.matcher(text);
    while (matcher.find()) {
      String inside = String.valueOf(matcher.group(1));
      if (inside.startsWith("secret:")) {
        if (!secrets) {
          mistakes.add(
              at,
              http.at(member),
              "a secret may not stand in an address, which is logged",
              "put it in a header");
        } else if (!Parts.SECRET.matcher(inside.substring(7)).matches()) {
          mistakes.add(
              at, http.at(member), "expected ${secret:NAME} with a name such as API_TOKEN");
        }
      } else if (!arguments.contains(inside)) {
        mistakes.add(
            at,
            http.at(member),
            "${" + inside + "} is no argument in schema.properties",
            Nearest.hint(inside, arguments));
      }
    }
  }
}
