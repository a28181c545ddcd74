package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Whether arguments fit a tool's schema: the part of JSON Schema that the catalogue uses. A keyword
 * that this does not know is refused when it is met, so that nothing passes unchecked.
 */
public final class ArgumentsCheck {
  private static final int MISTAKES_MAX = 20;
  private static final Set<String> KEYWORDS =
      Set.of(
          "type",
          "description",
          "properties",
          "required",
          "additionalProperties",
          "minimum",
          "maximum",
          "enum",
          "items",
          "anyOf",
          "maxItems",
          "minItems");

  private final List<Mistake> mistakes = new ArrayList<>();

  private ArgumentsCheck() {}

  /**
   * What is wrong where.
   *
   * @param path member names joined by dots, empty for the whole
   * @param message what was expected and what was found
   */
  public record Mistake(String path, String message) {}

  /** Everything that is wrong with the arguments of a tool; empty when they fit. */
  public static List<Mistake> of(String tool, Map<String, Object> arguments) {
    JsonNode schema = ToolCatalog.schema(tool);
    if (schema == null) {
      return List.of(new Mistake("", "there is no schema of tool " + tool));
    }
    ArgumentsCheck check = new ArgumentsCheck();
    check.value("", arguments, schema);
    return check.mistakes.stream().limit(MISTAKES_MAX).toList();
  }

  private void value(String path, @Nullable Object value, JsonNode schema) {
    schema
        .fieldNames()
        .forEachRemaining(
            keyword -> {
              if (!KEYWORDS.contains(keyword)) {
                add(path, "the schema says \"" + keyword + "\", which cannot be checked here");
              }
            });
    if (schema.has("anyOf")) {
      anyOf(path, value, schema.get("anyOf"));
    }
    String type = schema.path("type").asText("");
    if (!type.isEmpty() && !isA(type, value)) {
      add(path, "expected " + article(type) + ", found " + found(value));
      return;
    }
    if (schema.has("enum") && !words(schema.get("enum")).contains(String.valueOf(value))) {
      add(path, "expected one of " + String.join(", ", words(schema.get("enum"))));
    }
    if (value instanceof Number number) {
      bounds(path, new BigDecimal(number.toString()), schema);
    } else if (value instanceof List<?> list) {
      list(path, list, schema);
    } else if (value instanceof Map<?, ?> members) {
      object(path, members, schema);
    }
  }

  private void anyOf(String path, @Nullable Object value, JsonNode choices) {
    List<String> types = new ArrayList<>();
    for (JsonNode choice : choices) {
      ArgumentsCheck inner = new ArgumentsCheck();
      inner.value(path, value, choice);
      if (inner.mistakes.isEmpty()) {
        return;
      }
      String type = choice.path("type").asText("another kind");
      String items = choice.path("items").path("type").asText("");
      types.add(article(type) + (items.isEmpty() ? "" : " of " + items + "s"));
    }
    add(path, "expected " + String.join(" or ", types) + ", found " + found(value));
  }

  private void object(String path, Map<?, ?> members, JsonNode schema) {
    JsonNode properties = schema.path("properties");
    for (JsonNode name : schema.path("required")) {
      if (!members.containsKey(name.asText())) {
        add(at(path, name.asText()), "is missing");
      }
    }
    boolean closed =
        schema.has("additionalProperties") && !schema.path("additionalProperties").asBoolean(true);
    members.forEach(
        (key, value) -> {
          String name = String.valueOf(key);
          if (properties.has(name)) {
            value(at(path, name), value, properties.get(name));
          } else if (closed) {
            Set<String> known = new TreeSet<>();
            properties.fieldNames().forEachRemaining(known::add);
            add(at(path, name), "there is no such argument; there are " + String.join(", ", known));
          }
        });
  }

  private void list(String path, List<?> list, JsonNode schema) {
    if (schema.has("maxItems") && list.size() > schema.get("maxItems").asInt()) {
      add(path, "expected at most " + schema.get("maxItems").asInt() + " items");
    }
    if (list.size() < schema.path("minItems").asInt(0)) {
      add(path, "expected at least " + schema.path("minItems").asInt() + " items");
    }
    if (schema.has("items")) {
      for (int i = 0; i < list.size() && mistakes.size() < MISTAKES_MAX; i++) {
        value(at(path, String.valueOf(i)), list.get(i), schema.get("items"));
      }
    }
  }

  private void bounds(String path, BigDecimal value, JsonNode schema) {
    if (schema.has("minimum") && value.compareTo(schema.get("minimum").decimalValue()) < 0) {
      add(path, "expected at least " + schema.get("minimum").asText());
    }
    if (schema.has("maximum") && value.compareTo(schema.get("maximum").decimalValue()) > 0) {
      add(path, "expected at most " + schema.get("maximum").asText());
    }
  }

  private static boolean isA(String type, @Nullable Object value) {
    return switch (type) {
      case "string" -> value instanceof String;
      case "boolean" -> value instanceof Boolean;
      case "object" -> value instanceof Map;
      case "array" -> value instanceof List;
      case "number" -> value instanceof Number;
      case "integer" -> value instanceof Number number && whole(number);
      default -> false;
    };
  }

  private static boolean whole(Number number) {
    return number instanceof Integer || number instanceof Long;
  }

  private static String found(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case String text -> "text";
      case Boolean flag -> flag.toString();
      case Number number -> "the number " + number;
      case List<?> list -> "a list";
      case Map<?, ?> members -> "an object";
      default -> "something else";
    };
  }

  private static String article(String type) {
    return switch (type) {
      case "integer" -> "a whole number";
      case "array" -> "a list";
      case "object" -> "an object";
      case "string" -> "text";
      case "boolean" -> "true or false";
      default -> "a " + type;
    };
  }

  private static List<String> words(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList();
  }

  private static String at(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  private void add(String path, String message) {
    if (mistakes.size() < MISTAKES_MAX) {
      mistakes.add(new Mistake(path, message));
    }
  }
}
