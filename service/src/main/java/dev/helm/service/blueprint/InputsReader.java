package dev.helm.service.blueprint;

import dev.helm.api.rest.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code inputs}: JSON Schema properties. Only keywords that cannot reach out of the document
 * are accepted, so there is no {@code $ref} that could make the service fetch something.
 */
final class InputsReader {
  /** Most inputs of a blueprint. */
  static final int INPUTS_MAX = 50;

  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,63}");
  private static final List<String> TYPES =
      List.of("string", "number", "integer", "boolean", "array", "object");

  /** Every accepted keyword with the kind of its value. */
  private static final Map<String, Shape> KEYWORDS = keywords();

  private final Mistakes mistakes;

  InputsReader(Mistakes mistakes) {
    this.mistakes = mistakes;
  }

  private enum Shape {
    TYPE("one of " + String.join(", ", TYPES)),
    ANY("any value"),
    TEXT("text"),
    NUMBER("a number"),
    COUNT("a whole number from 0"),
    BOOL("true or false"),
    LIST("a list"),
    TEXTS("a list of names"),
    PATTERN("a regular expression of at most 300 characters"),
    SCHEMA("a schema"),
    SCHEMAS("schemas by name");

    private final String words;

    Shape(String words) {
      this.words = words;
    }
  }

  void read(Tree.Obj group, Map<String, Map<String, Object>> inputs) {
    if (group.members().size() > INPUTS_MAX) {
      mistakes.add(group.at(), "inputs", "more than " + INPUTS_MAX + " inputs");
      return;
    }
    for (Tree.Member member : group.members()) {
      String path = "inputs." + member.name();
      if (!NAME.matcher(member.name()).matches()) {
        mistakes.add(
            member.at(), path, "an input's name is 1 to 64 letters, digits and underscores");
      } else if (inputs.containsKey(member.name())) {
        mistakes.add(member.at(), path, "\"" + member.name() + "\" stands here a second time");
      } else if (member.value() instanceof Tree.Obj schema) {
        inputs.put(member.name(), input(schema, path));
      } else {
        inputs.put(member.name(), Map.of());
        mistakes.add(
            member.value().at(),
            path,
            "expected a schema such as {type: string}, found " + member.value().described());
      }
    }
  }

  /** A custom tool's schema: an object, in the same keywords; its members, empty if wrong. */
  Map<String, Object> ofTool(Tree.Obj schema, String path) {
    if (!(schema.get("type") instanceof Tree.Scalar type) || !type.text().equals("object")) {
      mistakes.add(
          schema.at(),
          path + ".type",
          "the arguments of a tool are an object",
          "{type: object, properties: {name: {type: string}}, required: [name]}");
      return Map.of();
    }
    return input(schema, path);
  }

  private Map<String, Object> input(Tree.Obj schema, String path) {
    boolean right = schema(schema, path);
    if (schema.get("type") == null) {
      mistakes.add(schema.at(), path, "\"type\" is missing; expected " + Shape.TYPE.words);
      return Map.of();
    }
    Map<String, Object> plain = new LinkedHashMap<>();
    Tree.plainMap(schema)
        .forEach(
            (name, value) -> {
              if (value != null) {
                plain.put(name, value);
              }
            });
    Tree standard = schema.get("default");
    if (right && standard != null) {
      checkDefault(plain, standard, path);
    }
    return plain;
  }

  private void checkDefault(Map<String, Object> schema, Tree standard, String path) {
    Object value = Tree.plain(standard);
    if (value == null) {
      mistakes.add(standard.at(), path + ".default", "a default cannot be nothing");
      return;
    }
    List<Problem.Place> wrong =
        InputSchema.of(Map.of("default", schema)).check(Map.of("default", value));
    for (Problem.Place place : wrong) {
      mistakes.add(standard.at(), path + ".default", "the default is wrong: " + place.message());
    }
  }

  /** Whether the schema, all parts of it, is right. */
  private boolean schema(Tree.Obj schema, String path) {
    boolean right = true;
    List<String> seen = new ArrayList<>();
    for (Tree.Member member : schema.members()) {
      String name = member.name();
      String where = path + "." + name;
      Shape shape = KEYWORDS.get(name);
      if (seen.contains(name)) {
        mistakes.add(member.at(), where, "\"" + name + "\" stands here a second time");
        right = false;
      } else if (shape == null) {
        mistakes.add(
            member.at(),
            where,
            "\"" + name + "\" is not a keyword that inputs may use",
            Nearest.hint(name, KEYWORDS.keySet()));
        right = false;
      } else if (!fits(shape, member.value(), where)) {
        mistakes.add(
            member.value().at(),
            where,
            "expected " + shape.words + ", found " + member.value().described(),
            shape == Shape.TYPE && member.value() instanceof Tree.Scalar scalar
                ? Nearest.hint(scalar.text(), TYPES)
                : null);
        right = false;
      } else {
        right &= inner(shape, member.value(), where);
      }
      seen.add(name);
    }
    return right;
  }

  private boolean inner(Shape shape, Tree value, String where) {
    if (shape == Shape.SCHEMA && value instanceof Tree.Obj schema) {
      return schema(schema, where);
    }
    boolean right = true;
    if (shape == Shape.SCHEMAS && value instanceof Tree.Obj schemas) {
      for (Tree.Member member : schemas.members()) {
        if (member.value() instanceof Tree.Obj schema) {
          right &= schema(schema, where + "." + member.name());
        } else {
          mistakes.add(member.value().at(), where + "." + member.name(), "expected a schema");
          right = false;
        }
      }
    }
    return right;
  }

  private static boolean fits(Shape shape, Tree value, String where) {
    return switch (shape) {
      case ANY -> true;
      case TYPE -> value instanceof Tree.Scalar scalar && TYPES.contains(scalar.text());
      case TEXT -> is(value, Tree.Kind.TEXT);
      case NUMBER -> is(value, Tree.Kind.NUMBER);
      case COUNT ->
          value instanceof Tree.Scalar scalar && scalar.text().matches("0|[1-9][0-9]{0,8}");
      case BOOL -> is(value, Tree.Kind.BOOL);
      case LIST -> value instanceof Tree.Arr list && !list.items().isEmpty();
      case TEXTS ->
          value instanceof Tree.Arr list
              && list.items().stream().allMatch(item -> is(item, Tree.Kind.TEXT));
      case PATTERN -> value instanceof Tree.Scalar scalar && pattern(scalar.text());
      case SCHEMA, SCHEMAS -> value instanceof Tree.Obj;
    };
  }

  private static boolean is(Tree value, Tree.Kind kind) {
    return value instanceof Tree.Scalar scalar && scalar.kind() == kind;
  }

  private static boolean pattern(@Nullable String text) {
    if (text == null || text.length() > 300) {
      return false;
    }
    try {
      Pattern.compile(text);
      return true;
    } catch (PatternSyntaxException e) {
      return false;
    }
  }

  private static Map<String, Shape> keywords() {
    Map<String, Shape> keywords = new LinkedHashMap<>();
    keywords.put("type", Shape.TYPE);
    keywords.put("default", Shape.ANY);
    keywords.put("const", Shape.ANY);
    List.of("title", "description", "format").forEach(word -> keywords.put(word, Shape.TEXT));
    List.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        .forEach(word -> keywords.put(word, Shape.NUMBER));
    List.of("minLength", "maxLength", "minItems", "maxItems")
        .forEach(word -> keywords.put(word, Shape.COUNT));
    List.of("uniqueItems", "additionalProperties").forEach(word -> keywords.put(word, Shape.BOOL));
    List.of("enum", "examples").forEach(word -> keywords.put(word, Shape.LIST));
    keywords.put("pattern", Shape.PATTERN);
    keywords.put("required", Shape.TEXTS);
    keywords.put("items", Shape.SCHEMA);
    keywords.put("properties", Shape.SCHEMAS);
    return keywords;
  }
}
