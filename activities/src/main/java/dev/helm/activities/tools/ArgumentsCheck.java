package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.expression.Expression;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Whether arguments fit a tool's JSON Schema. What a blueprint's schema may say is checked when it
 * is stored ({@link #unknownKeywords}); an MCP server's may say more, which its server checks. A
 * regular expression that cannot be judged in time is not held to have matched.
 */
public final class ArgumentsCheck {
  private static final int MISTAKES_MAX = 20;

  /** Attack: a schema that refers to itself. */
  private static final int DEPTH_MAX = 40;

  /** Attack: alternatives within alternatives, each of which is tried. */
  private static final int STEPS_MAX = 100_000;

  private static final Set<String> CHECKED =
      Set.of(
          "$ref",
          "type",
          "properties",
          "required",
          "additionalProperties",
          "minimum",
          "maximum",
          "exclusiveMinimum",
          "exclusiveMaximum",
          "enum",
          "const",
          "items",
          "anyOf",
          "oneOf",
          "allOf",
          "maxItems",
          "minItems",
          "minLength",
          "maxLength",
          "pattern",
          "uniqueItems");

  private static final Set<String> SAYS_NOTHING =
      Set.of(
          "description",
          "title",
          "default",
          "examples",
          "format",
          "$schema",
          "$defs",
          "definitions");

  private final JsonNode root;
  private final List<Mistake> mistakes = new ArrayList<>();
  private final Steps steps;
  private int depth;

  private ArgumentsCheck(JsonNode root, Steps steps, int depth) {
    this.root = root;
    this.steps = steps;
    this.depth = depth;
  }

  /** Steps of one whole check, alternatives too. */
  private static final class Steps {
    int made;
  }

  /**
   * What is wrong where.
   *
   * @param path member names joined by dots, empty for the whole
   * @param message what was expected and what was found
   */
  public record Mistake(String path, String message) {}

  /** Everything that is wrong with arguments; empty when they fit. */
  public static List<Mistake> of(JsonNode schema, Map<String, Object> arguments) {
    ArgumentsCheck check = new ArgumentsCheck(schema, new Steps(), 0);
    check.value("", arguments, schema);
    return List.copyOf(check.mistakes);
  }

  /** Keywords of a schema, at any depth, that are not checked here. */
  public static Set<String> unknownKeywords(JsonNode schema) {
    Set<String> unknown = new TreeSet<>();
    collect(schema, unknown, 0);
    return unknown;
  }

  private static void collect(JsonNode schema, Set<String> unknown, int depth) {
    if (!schema.isObject() || depth > DEPTH_MAX) {
      return;
    }
    schema
        .fieldNames()
        .forEachRemaining(
            keyword -> {
              if (!CHECKED.contains(keyword) && !SAYS_NOTHING.contains(keyword)) {
                unknown.add(keyword);
              }
            });
    for (String members : List.of("properties", "$defs", "definitions")) {
      schema.path(members).forEach(inner -> collect(inner, unknown, depth + 1));
    }
    for (String lists : List.of("anyOf", "oneOf", "allOf")) {
      schema.path(lists).forEach(inner -> collect(inner, unknown, depth + 1));
    }
    collect(schema.path("items"), unknown, depth + 1);
    collect(schema.path("additionalProperties"), unknown, depth + 1);
  }

  private void value(String path, @Nullable Object value, JsonNode given) {
    if (depth >= DEPTH_MAX || ++steps.made > STEPS_MAX) {
      add(path, "the schema is too deep to be checked");
      return;
    }
    depth++;
    checked(path, value, resolved(given));
    depth--;
  }

  private void checked(String path, @Nullable Object value, JsonNode schema) {
    if (schema.isBoolean() && !schema.asBoolean()) {
      add(path, "nothing is accepted here");
    }
    alternatives(path, value, schema);
    schema.path("allOf").forEach(part -> value(path, value, part));
    List<String> types = words(schema.path("type"));
    if (!types.isEmpty() && types.stream().noneMatch(type -> isA(type, value))) {
      add(path, "expected " + types(types) + ", found " + found(value));
      return;
    }
    if (schema.has("enum") && !words(schema.get("enum")).contains(String.valueOf(value))) {
      add(path, "expected one of " + String.join(", ", words(schema.get("enum"))));
    }
    if (schema.path("const").isValueNode()
        && !schema.get("const").asText().equals(String.valueOf(value))) {
      add(path, "expected " + schema.get("const").asText());
    }
    switch (value) {
      case Number number -> bounds(path, new BigDecimal(number.toString()), schema);
      case String text -> text(path, text, schema);
      case List<?> list -> list(path, list, schema);
      case Map<?, ?> members -> object(path, members, schema);
      case null, default -> {
        // Nothing more to say of true, false and null.
      }
    }
  }

  /** What a {@code $ref} within the schema means; one that leads elsewhere means anything. */
  private JsonNode resolved(JsonNode schema) {
    JsonNode at = schema;
    for (int hops = 0; hops < DEPTH_MAX && at.path("$ref").isTextual(); hops++) {
      String ref = at.path("$ref").asText();
      at =
          ref.equals("#")
              ? root
              : ref.startsWith("#/")
                  ? root.at(ref.substring(1))
                  : com.fasterxml.jackson.databind.node.MissingNode.getInstance();
    }
    return at;
  }

  private void alternatives(String path, @Nullable Object value, JsonNode schema) {
    for (String keyword : List.of("anyOf", "oneOf")) {
      if (!schema.path(keyword).isArray()) {
        continue;
      }
      List<String> expected = new ArrayList<>();
      boolean fits = false;
      for (JsonNode choice : schema.get(keyword)) {
        ArgumentsCheck inner = new ArgumentsCheck(root, steps, depth);
        inner.value(path, value, choice);
        fits |= inner.mistakes.isEmpty();
        JsonNode meant = resolved(choice);
        List<String> types = words(meant.path("type"));
        String items = meant.path("items").path("type").asText("");
        expected.add(
            (types.isEmpty() ? "another kind" : types(types))
                + (items.isEmpty() ? "" : " of " + items + "s"));
      }
      if (!fits) {
        add(
            path,
            "expected "
                + String.join(" or ", expected.stream().distinct().toList())
                + ", found "
                + found(value));
      }
    }
  }

  private void object(String path, Map<?, ?> members, JsonNode schema) {
    JsonNode properties = schema.path("properties");
    for (JsonNode name : schema.path("required")) {
      if (!members.containsKey(name.asText())) {
        add(at(path, name.asText()), "is missing");
      }
    }
    JsonNode others = schema.path("additionalProperties");
    boolean closed = others.isBoolean() && !others.asBoolean() && !schema.has("patternProperties");
    members.forEach(
        (key, value) -> {
          String name = String.valueOf(key);
          if (properties.has(name)) {
            value(at(path, name), value, properties.get(name));
          } else if (others.isObject() && !schema.has("patternProperties")) {
            value(at(path, name), value, others);
          } else if (closed) {
            Set<String> known = new TreeSet<>();
            properties.fieldNames().forEachRemaining(known::add);
            add(at(path, name), "there is no such argument; there are " + String.join(", ", known));
          }
        });
  }

  private void list(String path, List<?> list, JsonNode schema) {
    if (schema.path("maxItems").isInt() && list.size() > schema.get("maxItems").asInt()) {
      add(path, "expected at most " + schema.get("maxItems").asInt() + " items");
    }
    if (list.size() < schema.path("minItems").asInt(0)) {
      add(path, "expected at least " + schema.path("minItems").asInt() + " items");
    }
    if (schema.path("uniqueItems").asBoolean(false)
        && list.stream().distinct().count() < list.size()) {
      add(path, "expected no item twice");
    }
    if (schema.path("items").isObject()) {
      for (int i = 0; i < list.size() && mistakes.size() < MISTAKES_MAX; i++) {
        value(at(path, String.valueOf(i)), list.get(i), schema.get("items"));
      }
    }
  }

  private void text(String path, String text, JsonNode schema) {
    int characters = text.codePointCount(0, text.length());
    if (schema.path("pattern").isTextual()
        && Expression.find(schema.get("pattern").asText(), text) != Expression.Answer.YES) {
      add(path, "expected text that matches " + schema.get("pattern").asText());
    }
    if (schema.path("maxLength").isInt() && characters > schema.get("maxLength").asInt()) {
      add(path, "expected at most " + schema.get("maxLength").asInt() + " characters");
    }
    if (characters < schema.path("minLength").asInt(0)) {
      add(path, "expected at least " + schema.path("minLength").asInt() + " characters");
    }
  }

  private void bounds(String path, BigDecimal value, JsonNode schema) {
    JsonNode least = schema.path("minimum");
    JsonNode most = schema.path("maximum");
    JsonNode above = schema.path("exclusiveMinimum");
    JsonNode below = schema.path("exclusiveMaximum");
    if (least.isNumber() && value.compareTo(least.decimalValue()) < 0) {
      add(path, "expected at least " + least.asText());
    }
    if (most.isNumber() && value.compareTo(most.decimalValue()) > 0) {
      add(path, "expected at most " + most.asText());
    }
    if (above.isNumber() && value.compareTo(above.decimalValue()) <= 0) {
      add(path, "expected more than " + above.asText());
    }
    if (below.isNumber() && value.compareTo(below.decimalValue()) >= 0) {
      add(path, "expected less than " + below.asText());
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
      case "null" -> value == null;
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

  private static String types(List<String> types) {
    return String.join(" or ", types.stream().map(ArgumentsCheck::article).toList());
  }

  private static String article(String type) {
    return switch (type) {
      case "integer" -> "a whole number";
      case "array" -> "a list";
      case "object" -> "an object";
      case "string" -> "text";
      case "boolean" -> "true or false";
      case "null" -> "null";
      default -> "a " + type;
    };
  }

  /** The texts of a list, or the one that stands in its place. */
  private static List<String> words(JsonNode list) {
    return list.isMissingNode()
        ? List.of()
        : list.isArray()
            ? StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList()
            : List.of(list.asText());
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
