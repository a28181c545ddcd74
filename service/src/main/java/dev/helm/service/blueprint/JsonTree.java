package dev.helm.service.blueprint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** JSON into a {@link Tree}. */
final class JsonTree {
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(BlueprintLoader.DEPTH_MAX)
                  .maxNumberLength(60)
                  .build())
          .build();

  private final JsonParser parser;
  private int nodes;

  private JsonTree(JsonParser parser) {
    this.parser = parser;
  }

  /** The one value of the source, or null when it cannot be read; mistakes say why. */
  static @Nullable Tree read(String source, Mistakes mistakes) {
    try (JsonParser parser = FACTORY.createParser(source)) {
      if (parser.nextToken() == null) {
        mistakes.add(new Tree.Pos(1, 1, 0), "", "the document is empty", null);
        return null;
      }
      Tree tree = new JsonTree(parser).value();
      if (parser.nextToken() != null) {
        mistakes.add(pos(parser.currentTokenLocation()), "", "a second document begins here", null);
        return null;
      }
      return tree;
    } catch (JsonProcessingException e) {
      mistakes.add(pos(e.getLocation()), "", "this is not JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new IllegalStateException("reading from memory does not fail", e);
    }
    return null;
  }

  private Tree value() throws IOException {
    Tree.Pos at = pos(parser.currentTokenLocation());
    if (++nodes > BlueprintLoader.NODES_MAX) {
      throw new com.fasterxml.jackson.core.JsonParseException(parser, "too many values");
    }
    JsonToken token = parser.currentToken();
    return switch (token) {
      case START_OBJECT -> object(at);
      case START_ARRAY -> array(at);
      case VALUE_STRING -> new Tree.Scalar(at, parser.getText(), Tree.Kind.TEXT);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
          new Tree.Scalar(at, number(parser.getText()), Tree.Kind.NUMBER);
      case VALUE_TRUE, VALUE_FALSE -> new Tree.Scalar(at, parser.getText(), Tree.Kind.BOOL);
      case VALUE_NULL -> new Tree.Scalar(at, "null", Tree.Kind.NOTHING);
      default ->
          throw new com.fasterxml.jackson.core.JsonParseException(parser, "expected a value");
    };
  }

  /** An exponent of many digits would make exact arithmetic on the number explode. */
  private String number(String text) throws IOException {
    int exponent = Math.max(text.indexOf('e'), text.indexOf('E'));
    if (exponent >= 0 && text.length() - exponent > 4) {
      throw new com.fasterxml.jackson.core.JsonParseException(parser, "the exponent is too large");
    }
    return text;
  }

  private Tree object(Tree.Pos at) throws IOException {
    List<Tree.Member> members = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      Tree.Pos nameAt = pos(parser.currentTokenLocation());
      String name = parser.currentName();
      parser.nextToken();
      members.add(new Tree.Member(nameAt, name, value()));
    }
    return new Tree.Obj(at, members);
  }

  private Tree array(Tree.Pos at) throws IOException {
    List<Tree> items = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      items.add(value());
    }
    return new Tree.Arr(at, items);
  }

  private static Tree.Pos pos(@Nullable JsonLocation at) {
    return at == null
        ? new Tree.Pos(1, 1, 0)
        : new Tree.Pos(
            Math.max(at.getLineNr(), 1),
            Math.max(at.getColumnNr(), 1),
            (int) Math.max(at.getCharOffset(), 0));
  }
}
