package dev.helm.activities.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.tools.ArgumentsCheck;
import dev.helm.workflows.HelmJson;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a server asks of people: its words, its fields, and how people's one line becomes values.
 *
 * @param message the server's words, hostile
 * @param fields JSON Schema of each field
 */
record Form(String message, Map<String, JsonNode> fields, List<String> required, JsonNode schema) {
  /** The answer by which people give nothing. */
  static final String DECLINE = "decline";

  private static final int MESSAGE_CHARS_MAX = 2_000;
  private static final int FIELDS_SHOWN_MAX = 20;
  private static final int OPTIONS_MAX = 8;
  private static final int OPTION_CHARS_MAX = 200;

  /** What an answer means. {@code mistake}: why it is none, for people. */
  record Filled(@Nullable Map<String, Object> values, @Nullable String mistake) {}

  static Form of(String message, Map<String, Object> requested) {
    JsonNode schema = HelmJson.mapper().valueToTree(Numbers.exact(requested));
    Map<String, JsonNode> fields = new LinkedHashMap<>();
    schema.path("properties").fields().forEachRemaining(e -> fields.put(e.getKey(), e.getValue()));
    List<String> required = new ArrayList<>();
    schema.path("required").forEach(name -> required.add(name.asText()));
    return new Form(message, fields, required, schema);
  }

  /** The question as people read it. */
  String question(String server, String tool) {
    StringBuilder text = new StringBuilder();
    text.append("MCP server ").append(server).append(" asks during ").append(tool).append(": ");
    text.append(Plain.text(message, MESSAGE_CHARS_MAX));
    if (single() == null || !options().isEmpty() && options().size() < 2) {
      fields.entrySet().stream()
          .limit(FIELDS_SHOWN_MAX)
          .forEach(field -> text.append("\n- ").append(line(field.getKey(), field.getValue())));
      if (fields.size() > 1) {
        text.append("\nAnswer with a line NAME: VALUE for each.");
      }
    } else {
      text.append(" (").append(line(single(), fields.get(single()))).append(")");
    }
    return text.append("\nWhat you answer goes to that server. \"decline\" gives it nothing.")
        .toString();
  }

  private String line(String name, @Nullable JsonNode field) {
    if (field == null) {
      return name;
    }
    String what = field.path("description").asText(field.path("title").asText(""));
    String type = field.path("type").asText("string");
    return Plain.line(name, 100)
        + ": "
        + Plain.line(type, 20)
        + (choices(field).isEmpty()
            ? ""
            : " of " + Plain.line(String.join(", ", choices(field)), 300))
        + (what.isEmpty() ? "" : ", " + Plain.line(what, 300))
        + (field.has("default") ? ", else " + Plain.line(field.get("default").asText(), 100) : "")
        + (required.contains(name) ? "" : " (may be left out)");
  }

  private @Nullable String single() {
    return fields.size() == 1 ? fields.keySet().iterator().next() : null;
  }

  /** What people may choose from; empty where they write. */
  List<String> options() {
    List<String> options = new ArrayList<>();
    String single = single();
    JsonNode field = single == null ? null : fields.get(single);
    if (fields.isEmpty()) {
      options.add("accept");
    } else if (field != null && field.path("type").asText().equals("boolean")) {
      options.addAll(List.of("yes", "no"));
    } else if (field != null
        && !choices(field).isEmpty()
        && choices(field).size() < OPTIONS_MAX
        && choices(field).stream().allMatch(Form::fits)) {
      options.addAll(choices(field));
    } else {
      return List.of();
    }
    options.add(DECLINE);
    return options.stream().distinct().toList();
  }

  private static boolean fits(String option) {
    return !option.isBlank()
        && option.length() <= OPTION_CHARS_MAX
        && Plain.line(option, OPTION_CHARS_MAX + 1).equals(option);
  }

  private static List<String> choices(JsonNode field) {
    List<String> choices = new ArrayList<>();
    field.path("enum").forEach(each -> choices.add(each.asText()));
    for (String alternatives : List.of("oneOf", "anyOf")) {
      field.path(alternatives).forEach(each -> choices.add(each.path("const").asText()));
    }
    return choices;
  }

  /** The values of an answer. */
  Filled fill(String answer) {
    Map<String, Object> values = new LinkedHashMap<>();
    List<String> mistakes = new ArrayList<>();
    for (Map.Entry<String, String> given : given(answer).entrySet()) {
      JsonNode field = fields.get(given.getKey());
      if (field == null) {
        mistakes.add("there is no field " + Plain.line(given.getKey(), 100));
        continue;
      }
      Object value = value(field, given.getValue());
      if (value == null) {
        mistakes.add(
            Plain.line(given.getKey(), 100) + " has to be a " + field.path("type").asText());
      } else {
        values.put(given.getKey(), value);
      }
    }
    defaults(values);
    if (mistakes.isEmpty()) {
      ArgumentsCheck.of(schema, values).forEach(m -> mistakes.add(m.path() + ": " + m.message()));
    }
    return mistakes.isEmpty()
        ? new Filled(values, null)
        : new Filled(null, mistakes.stream().limit(5).collect(Collectors.joining("; ")));
  }

  private void defaults(Map<String, Object> values) {
    fields.forEach(
        (name, field) -> {
          if (!values.containsKey(name) && field.has("default")) {
            values.put(name, HelmJson.mapper().convertValue(field.get("default"), Object.class));
          }
        });
  }

  private Map<String, String> given(String answer) {
    String single = single();
    if (fields.isEmpty()) {
      return Map.of();
    }
    if (single != null) {
      return Map.of(single, answer.strip());
    }
    Map<String, String> given = new LinkedHashMap<>();
    answer
        .lines()
        .filter(line -> !line.isBlank())
        .forEach(
            line -> {
              int colon = line.indexOf(':');
              given.put(
                  colon < 0 ? line.strip() : line.substring(0, colon).strip(),
                  colon < 0 ? "" : line.substring(colon + 1).strip());
            });
    return given;
  }

  private static @Nullable Object value(JsonNode field, String text) {
    try {
      return switch (field.path("type").asText("string")) {
        case "boolean" ->
            switch (text.toLowerCase(Locale.ROOT)) {
              case "yes", "true", "y" -> true;
              case "no", "false", "n" -> false;
              default -> null;
            };
        case "integer" -> Long.parseLong(text);
        case "number" -> new BigDecimal(text);
        case "array" -> List.of(text.split(" *, *"));
        default -> text;
      };
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
