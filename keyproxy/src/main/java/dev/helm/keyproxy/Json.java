package dev.helm.keyproxy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;

/** How this module reads JSON, and where in the source text a token stands. */
final class Json {
  private static final int MAX_DEPTH = 128;
  private static final int MAX_TEXT_CHARACTERS = 32 << 20;

  /** Strict and bounded: names are unique, nothing is interned, nesting ends at 128. */
  static final JsonFactory STRICT =
      new JsonFactoryBuilder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_TEXT_CHARACTERS)
                  .maxNumberLength(400)
                  .maxNameLength(10_000)
                  .build())
          .build();

  private Json() {}

  /** The byte offset of the current token; not exact for names. */
  static int offset(JsonParser parser) {
    return Math.toIntExact(parser.currentTokenLocation().getByteOffset());
  }

  /**
   * The byte offset behind the current token. It is found in the source, because the parser skips
   * long strings only when the next token is asked for, and taking their text would copy them.
   */
  static int end(JsonParser parser, Body body) {
    int at = offset(parser);
    if (parser.currentToken() == JsonToken.VALUE_STRING) {
      at++;
      while (at < body.length() && body.at(at) != '"') {
        at += body.at(at) == '\\' ? 2 : 1;
      }
      return at + 1;
    }
    if (parser.currentToken().isStructEnd()) {
      return at + 1;
    }
    while (at < body.length() && ",]} \t\r\n".indexOf(body.at(at)) < 0) {
      at++;
    }
    return at;
  }
}
