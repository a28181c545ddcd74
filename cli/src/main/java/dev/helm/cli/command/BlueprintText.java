package dev.helm.cli.command;

import dev.helm.cli.http.Json;
import dev.helm.cli.render.SafeText;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A stored blueprint as YAML with the fields' names in a source file. */
final class BlueprintText {
  private static final List<String> ORDER =
      List.of(
          "name",
          "description",
          "project",
          "agent",
          "model",
          "instructions",
          "task",
          "inputs",
          "tools",
          "permissions",
          "budget",
          "limits",
          "egress",
          "sandbox");
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z_][A-Za-z0-9_./-]*");
  private static final Pattern WORD_WITH_MEANING =
      Pattern.compile("(?i)true|false|yes|no|on|off|null|y|n");

  private final List<String> rows = new ArrayList<>();

  private BlueprintText() {}

  /** The rows for an answer that is a blueprint or holds one with its version. */
  static List<String> rows(Map<String, Object> answer) {
    BlueprintText text = new BlueprintText();
    if (answer.get("blueprint") instanceof Map<?, ?> blueprint) {
      text.rows.add(
          "# " + SafeText.line(answer.get("name") + "@" + answer.get("version") + ", as stored"));
      text.members(sourceForm(blueprint), "");
    } else {
      text.members(sourceForm(answer), "");
    }
    return text.rows;
  }

  private static Map<String, Object> sourceForm(Map<?, ?> stored) {
    Map<String, Object> source = new LinkedHashMap<>();
    for (String name : ORDER) {
      Object value = stored.get(name);
      if (value instanceof Map<?, ?> section && !name.equals("inputs")) {
        Map<String, Object> members = new LinkedHashMap<>();
        section.forEach((key, of) -> sourceMember(members, String.valueOf(key), of));
        source.put(name, members);
      } else if (value != null && !value.equals("")) {
        source.put(name, value);
      }
    }
    return source;
  }

  private static void sourceMember(Map<String, Object> to, String name, @Nullable Object value) {
    if (!(value instanceof Number number)) {
      to.put(name, value);
      return;
    }
    switch (name) {
      case "timeoutMs" -> to.put("timeout", duration(number.longValue()));
      case "wallTimeMs" -> to.put("wallTime", duration(number.longValue()));
      case "stallAfterMs" -> to.put("stallAfter", duration(number.longValue()));
      case "memoryBytes" -> to.put("memory", memory(number.longValue()));
      case "milliCpus" ->
          to.put("cpus", BigDecimal.valueOf(number.longValue(), 3).stripTrailingZeros());
      default -> to.put(name, value);
    }
  }

  private static String duration(long ms) {
    long s = ms / 1000;
    return s % 3600 == 0 ? s / 3600 + "h" : s % 60 == 0 ? s / 60 + "m" : s + "s";
  }

  private static String memory(long bytes) {
    return bytes % (1L << 30) == 0 ? (bytes >> 30) + "g" : (bytes >> 20) + "m";
  }

  private void members(Map<?, ?> members, String indent) {
    members.forEach((key, value) -> member(scalar(String.valueOf(key)), value, indent));
  }

  private void member(String key, @Nullable Object value, String indent) {
    String start = indent + key + ":";
    switch (value) {
      case null -> rows.add(start + " null");
      case Map<?, ?> map when map.isEmpty() -> rows.add(start + " {}");
      case Map<?, ?> map -> {
        rows.add(start);
        members(map, indent + "  ");
      }
      case String text when block(text) -> {
        rows.add(start + (text.endsWith("\n") ? " |" : " |-"));
        text.lines().forEach(row -> rows.add(row.isEmpty() ? "" : indent + "  " + row));
      }
      case String text -> rows.add(start + " " + scalar(text));
      case List<?> list -> rows.add(start + " " + list(list));
      case BigDecimal number -> rows.add(start + " " + number.toPlainString());
      default -> rows.add(start + " " + SafeText.line(Json.write(value)));
    }
  }

  private static String list(List<?> values) {
    return "["
        + String.join(
            ", ",
            values.stream()
                .map(v -> v instanceof String text ? scalar(text) : SafeText.line(Json.write(v)))
                .toList())
        + "]";
  }

  /** Whether a text reads the same as rows below its name; every other is quoted on one row. */
  private static boolean block(String text) {
    return text.contains("\n")
        && !text.endsWith("\n\n")
        && !text.startsWith(" ")
        && !text.startsWith("\n")
        && text.indexOf('\r') < 0
        && text.indexOf('\t') < 0
        && text.lines().allMatch(row -> SafeText.line(row).equals(row));
  }

  /** JSON's quoted form is YAML's too; so are the escapes of {@code SafeText}. */
  private static String scalar(String text) {
    return isPlain(text) ? text : SafeText.line(Json.write(text));
  }

  private static boolean isPlain(String text) {
    return text.matches("[1-9][0-9]{0,8}[smhg]")
        || PLAIN.matcher(text).matches() && !WORD_WITH_MEANING.matcher(text).matches();
  }
}
