package dev.helm.workflows.decide;

import dev.helm.api.Sha256;
import dev.helm.api.event.CanonicalJson;
import dev.helm.workflows.HelmJson;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One action that somebody's model asked for, whoever that is: the native loop, a foreign runtime,
 * an MCP client. All of them pass the same {@link Gate}.
 *
 * @param toolUseId idempotency key of the action
 * @param tool name as rules know it
 * @param source the exact JSON text of the arguments
 * @param arguments the same as a tree
 */
public record ToolCall(
    String toolUseId, String tool, String source, Map<String, Object> arguments) {
  private static final Pattern NOT_PLAIN = Pattern.compile("[*?{}\\[\\]\\\\,!]");

  /**
   * Reads the arguments.
   *
   * @throws IllegalArgumentException when they are no JSON object
   */
  public static ToolCall of(String toolUseId, String tool, String source) {
    return new ToolCall(toolUseId, tool, source, HelmJson.readObject(source));
  }

  /** SHA-256 of the canonical arguments: what people saw is what is executed. */
  public String argumentsHash() {
    return Sha256.hex(CanonicalJson.write(arguments));
  }

  /** A string argument, or null when it is missing or of another type. */
  public @Nullable String text(String name) {
    return arguments.get(name) instanceof String text ? text : null;
  }

  /**
   * An argument, or one within it behind dots; null when it is missing, or when the name could mean
   * two of them.
   */
  public @Nullable Object argument(String name) {
    Object plain = arguments.get(name);
    int dot = name.indexOf('.');
    if (dot < 0) {
      return plain;
    }
    Object inner = arguments;
    for (String part : name.split("\\.", -1)) {
      inner = inner instanceof Map<?, ?> members ? members.get(part) : null;
    }
    // Attack: the call carries both readings, one for the rule and one for the tool.
    return plain == null ? inner : inner == null ? plain : null;
  }

  /**
   * The file argument, or where Grep and Glob search, as a path relative to the workspace; null
   * when it is none or leads out.
   */
  public @Nullable String workspacePath() {
    return switch (tool) {
      case "Grep" -> relative(text("path"));
      case "Glob" -> {
        String pattern = text("pattern");
        // An absolute pattern is what is searched, whatever stands beside it.
        yield pattern != null && pattern.startsWith("/")
            ? relative(plainPart(pattern))
            : relative(text("path"));
      }
      case "NotebookEdit" -> relative(text("notebook_path"));
      default -> relative(text("file_path"));
    };
  }

  /** The directory up to the first name that is no plain name; null when that leads elsewhere. */
  private static @Nullable String plainPart(String pattern) {
    if (("/" + pattern + "/").contains("/../")) {
      return null;
    }
    Matcher odd = NOT_PLAIN.matcher(pattern);
    return odd.find() ? pattern.substring(0, pattern.lastIndexOf('/', odd.start())) : pattern;
  }

  /** The URL's host in lower case, or null. */
  public @Nullable String domain() {
    String url = text("url");
    if (url == null) {
      return null;
    }
    try {
      String host = new URI(url).getHost();
      return host == null ? null : host.toLowerCase(Locale.ROOT);
    } catch (URISyntaxException e) {
      return null;
    }
  }

  static @Nullable String relative(@Nullable String path) {
    if (path == null || path.indexOf('\0') >= 0) {
      return null;
    }
    String inside = path;
    if (path.startsWith("/")) {
      if (!path.equals("/workspace") && !path.startsWith("/workspace/")) {
        return null;
      }
      inside = path.substring("/workspace".length());
    }
    Deque<String> names = new ArrayDeque<>();
    for (String name : inside.split("/", -1)) {
      if (name.equals("..")) {
        if (names.pollLast() == null) {
          return null;
        }
      } else if (!name.isEmpty() && !name.equals(".")) {
        names.addLast(name);
      }
    }
    return String.join("/", names);
  }
}
