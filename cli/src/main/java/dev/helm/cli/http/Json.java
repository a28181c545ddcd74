package dev.helm.cli.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.helm.api.event.CanonicalJson;
import dev.helm.cli.render.SafeText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON as plain trees, read with Jackson's tokenizer alone: binding through databind costs more
 * time at start than {@code helm status} takes in all.
 */
public final class Json {
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(200)
                  .maxStringLength(20_000_000)
                  .build())
          .build();

  private Json() {}

  /**
   * Reads an object.
   *
   * @throws IllegalArgumentException when the text is no single JSON object
   */
  public static Map<String, Object> object(String text) {
    if (read(text) instanceof Map<?, ?> map) {
      return members(map);
    }
    throw new IllegalArgumentException("expected a JSON object");
  }

  /**
   * Reads any value.
   *
   * @throws IllegalArgumentException when the text is not one JSON value
   */
  public static @Nullable Object read(String text) {
    try (JsonParser parser = FACTORY.createParser(text)) {
      parser.nextToken();
      Object value = value(parser);
      if (parser.nextToken() != null) {
        throw new IllegalArgumentException("there is more after the JSON value");
      }
      return value;
    } catch (IOException e) {
      throw new IllegalArgumentException("not JSON: " + firstLine(e), e);
    }
  }

  /** Writes a tree on one line, members sorted by name; nothing in it acts on a terminal. */
  public static String write(@Nullable Object tree) {
    return SafeText.json(CanonicalJson.write(tree));
  }

  /** The map as members of an object; its names are strings because JSON's are. */
  @SuppressWarnings("unchecked")
  static Map<String, Object> members(Map<?, ?> map) {
    return (Map<String, Object>) map;
  }

  private static @Nullable Object value(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == null) {
      throw new IllegalArgumentException("the text is empty");
    }
    return switch (token) {
      case START_OBJECT -> objectOf(parser);
      case START_ARRAY -> arrayOf(parser);
      case VALUE_STRING -> wellFormed(parser.getText());
      case VALUE_TRUE -> Boolean.TRUE;
      case VALUE_FALSE -> Boolean.FALSE;
      case VALUE_NULL -> null;
      case VALUE_NUMBER_INT -> parser.getNumberValue();
      case VALUE_NUMBER_FLOAT -> parser.getDecimalValue();
      case NOT_AVAILABLE, END_OBJECT, END_ARRAY, FIELD_NAME, VALUE_EMBEDDED_OBJECT ->
          throw new IllegalArgumentException("unexpected " + token);
    };
  }

  // JSON's null stays a null member, so that what is printed is what was sent.
  @SuppressWarnings("NullAway")
  private static Map<String, Object> objectOf(JsonParser parser) throws IOException {
    Map<String, Object> map = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = wellFormed(parser.currentName());
      parser.nextToken();
      map.put(name, value(parser));
    }
    return map;
  }

  @SuppressWarnings("NullAway")
  private static List<Object> arrayOf(JsonParser parser) throws IOException {
    List<Object> items = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      items.add(value(parser));
    }
    return items;
  }

  /** Half a pair of surrogates stands for nothing, and could not be written again. */
  private static String wellFormed(String text) {
    if (!hasSurrogates(text)) {
      return text;
    }
    StringBuilder good = new StringBuilder(text.length());
    text.codePoints()
        .map(c -> c >= 0xd800 && c <= 0xdfff ? 0xfffd : c)
        .forEach(good::appendCodePoint);
    return good.toString();
  }

  /** A loop, because this sees every character of a log. */
  private static boolean hasSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return true;
      }
    }
    return false;
  }

  private static String firstLine(IOException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("unreadable");
  }
}
