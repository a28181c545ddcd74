package dev.helm.activities.practice;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Text with {@code ${name}} in it; {@code $${} stands for a plain {@code ${}. */
final class Template {
  private static final Pattern NAME = Pattern.compile("(\\$?)\\$\\{([A-Za-z][A-Za-z0-9_]*)}");

  /** A whole argument {@code #{name}} is the captured number itself and not its text. */
  private static final Pattern NUMBER = Pattern.compile("#\\{([A-Za-z][A-Za-z0-9_]*)}");

  private Template() {}

  static Set<String> names(String template) {
    Set<String> names = new HashSet<>();
    Matcher at = NAME.matcher(template);
    while (at.find()) {
      if (at.group(1).isEmpty()) {
        names.add(at.group(2));
      }
    }
    Matcher number = NUMBER.matcher(template);
    if (number.matches()) {
      names.add(number.group(1));
    }
    return names;
  }

  static Set<String> names(JsonNode args) {
    Set<String> names = new HashSet<>();
    if (args.isTextual()) {
      names.addAll(names(args.asText()));
    }
    args.forEach(child -> names.addAll(names(child)));
    return names;
  }

  /** Fills in what is known; a variable that nothing captured yet reads "(unknown)". */
  static String fill(String template, Map<String, String> values) {
    return NAME.matcher(template)
        .replaceAll(
            at ->
                Matcher.quoteReplacement(
                    at.group(1).isEmpty()
                        ? values.getOrDefault(at.group(2), "(unknown)")
                        : "${" + at.group(2) + "}"));
  }

  private static JsonNode text(String template, Map<String, String> values) {
    Matcher number = NUMBER.matcher(template);
    String value = number.matches() ? values.getOrDefault(number.group(1), "") : "";
    return value.matches("[0-9]{1,15}")
        ? JsonNodeFactory.instance.numberNode(Long.parseLong(value))
        : TextNode.valueOf(fill(template, values));
  }

  static JsonNode fill(JsonNode args, Map<String, String> values) {
    return switch (args) {
      case TextNode text -> text(text.asText(), values);
      case ObjectNode object -> {
        ObjectNode filled = JsonNodeFactory.instance.objectNode();
        object.properties().forEach(e -> filled.set(e.getKey(), fill(e.getValue(), values)));
        yield filled;
      }
      case ArrayNode array -> {
        ArrayNode filled = JsonNodeFactory.instance.arrayNode();
        array.forEach(child -> filled.add(fill(child, values)));
        yield filled;
      }
      case JsonNode other -> other;
    };
  }

  /**
   * Whether a text is what a template once gave. Only the fixed values are compared; a captured one
   * may have been another at that time.
   */
  static boolean gave(String template, Map<String, String> fixed, String text) {
    StringBuilder pattern = new StringBuilder();
    Matcher at = NAME.matcher(template);
    int from = 0;
    while (at.find()) {
      pattern.append(Pattern.quote(template.substring(from, at.start())));
      boolean escaped = !at.group(1).isEmpty();
      String value = escaped ? "${" + at.group(2) + "}" : fixed.get(at.group(2));
      pattern.append(value == null ? "[\\s\\S]*" : Pattern.quote(value));
      from = at.end();
    }
    pattern.append(Pattern.quote(template.substring(from)));
    return Pattern.matches(pattern.toString(), text);
  }
}
