package dev.helm.keyproxy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.util.JsonParserDelegate;
import java.io.IOException;

/**
 * Counts the characters of all names. The parser beneath keeps every name that it has not seen
 * before until the document ends, and again in each open object: a body of names alone would take
 * many times its size, and seconds.
 */
final class BoundedParser extends JsonParserDelegate {
  private static final int MAX_NAME_CHARACTERS = 4 << 20;

  private int nameCharacters;

  BoundedParser(JsonParser parser) {
    super(parser);
  }

  @Override
  public JsonToken nextToken() throws IOException {
    JsonToken token = super.nextToken();
    if (token == JsonToken.FIELD_NAME) {
      nameCharacters += currentName().length();
      if (nameCharacters > MAX_NAME_CHARACTERS) {
        throw new StreamConstraintsException("the names are too long together");
      }
    }
    return token;
  }

  @Override
  public JsonParser skipChildren() throws IOException {
    if (currentToken() != null && currentToken().isStructStart()) {
      for (int open = 1; open > 0; ) {
        JsonToken token = nextToken();
        open += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
      }
    }
    return this;
  }
}
