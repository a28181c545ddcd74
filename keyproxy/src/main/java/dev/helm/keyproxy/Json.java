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

  /** Only of text that is taken out of a document; what is skipped may be longer. */
  private static final int MAX_TEXT_CHARACTERS = 16 * 1024;

  /** Each name is kept while its object is open, to find the same name again. */
  private static final int MAX_TOKENS = 250_000;

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
                  .maxTokenCount(MAX_TOKENS)
                  .maxNumberLength(400)
                  .maxNameLength(2_000)
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
      return body.endOfString(at + 1) + 1;
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
