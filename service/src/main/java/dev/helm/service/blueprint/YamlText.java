package dev.helm.service.blueprint;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Writes plain values as YAML that people read: a line for each thing that can differ. */
final class YamlText {
  private static final int INLINE_CHARS_MAX = 60;
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z_][A-Za-z0-9_./-]*");
  private static final Pattern DURATION_OR_SIZE = Pattern.compile("[1-9][0-9]{0,8}[smhg]");
  private static final Pattern WORD_WITH_MEANING =
      Pattern.compile("(?i)true|false|yes|no|on|off|null|y|n");

  private final StringBuilder out = new StringBuilder();

  private YamlText() {}

  static String of(Map<String, Object> members) {
    YamlText text = new YamlText();
    text.members(members, "");
    return text.out.toString();
  }

  private void members(Map<?, ?> members, String indent) {
    members.forEach(
        (name, value) -> {
          out.append(indent).append(scalar(String.valueOf(name))).append(':');
          value(value, indent);
        });
  }

  /** What stands behind a name or a dash that is at {@code indent}, with the end of its line. */
  private void value(@Nullable Object value, String indent) {
    switch (value) {
      case Map<?, ?> map when !map.isEmpty() -> {
        out.append('\n');
        members(map, indent + "  ");
      }
      case List<?> list when !inline(list) -> {
        out.append('\n');
        list.forEach(item -> item(item, indent + "  "));
      }
      case String text when block(text) -> {
        out.append(text.endsWith("\n") ? " |\n" : " |-\n");
        text.lines()
            .forEach(row -> out.append(row.isEmpty() ? "" : indent + "  " + row).append('\n'));
      }
      case null, default -> out.append(' ').append(flow(value)).append('\n');
    }
  }

  private void item(@Nullable Object item, String indent) {
    if (item instanceof Map<?, ?> map && !map.isEmpty()) {
      int from = out.length();
      members(map, indent + "  ");
      out.replace(from + indent.length(), from + indent.length() + 1, "-");
    } else {
      out.append(indent).append('-');
      value(item, indent);
    }
  }

  private static boolean inline(List<?> list) {
    return list.stream().noneMatch(item -> item instanceof Map || item instanceof List)
        && flow(list).length() <= INLINE_CHARS_MAX;
  }

  private static String flow(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case String text -> scalar(text);
      case BigDecimal number -> number.toPlainString();
      case Number number -> number.toString();
      case Boolean flag -> flag.toString();
      case List<?> list -> {
        List<String> items = new ArrayList<>();
        list.forEach(item -> items.add(flow(item)));
        yield "[" + String.join(", ", items) + "]";
      }
      case Map<?, ?> map -> {
        List<String> items = new ArrayList<>();
        map.forEach((name, of) -> items.add(scalar(String.valueOf(name)) + ": " + flow(of)));
        yield "{" + String.join(", ", items) + "}";
      }
      default -> scalar(value.toString());
    };
  }

  /** Whether a text reads the same as rows below its name; every other is quoted on one row. */
  private static boolean block(String text) {
    return text.contains("\n")
        && !text.endsWith("\n\n")
        && !text.startsWith(" ")
        && !text.startsWith("\n")
        && text.chars().allMatch(c -> c == '\n' || !odd((char) c))
        && text.lines().noneMatch(row -> !row.isEmpty() && row.isBlank());
  }

  private static String scalar(String text) {
    boolean plain =
        DURATION_OR_SIZE.matcher(text).matches()
            || PLAIN.matcher(text).matches() && !WORD_WITH_MEANING.matcher(text).matches();
    return plain ? text : quoted(text);
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"' -> quoted.append("\\\"");
        case '\\' -> quoted.append("\\\\");
        case '\n' -> quoted.append("\\n");
        case '\t' -> quoted.append("\\t");
        default -> {
          if (odd(c)) {
            quoted.append("\\u%04x".formatted((int) c));
          } else {
            quoted.append(c);
          }
        }
      }
    }
    return quoted.append('"').toString();
  }

  /** What YAML does not take as it is, or what would not look like what it is. */
  private static boolean odd(char c) {
    return c < 0x20
        || c >= 0x7f && c <= 0xa0
        || c >= 0x200b && c <= 0x200f
        || c >= 0x2028 && c <= 0x202e
        || c >= 0x2066 && c <= 0x2069
        || c == 0xfeff
        || Character.isSurrogate(c)
        || c >= 0xfffe;
  }
}
