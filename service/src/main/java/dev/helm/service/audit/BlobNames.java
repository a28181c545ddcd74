package dev.helm.service.audit;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The blobs that events refer to: objects of exactly {@code sha256}, {@code bytes} and {@code
 * mediaType}.
 */
final class BlobNames {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Set<String> MEMBERS = Set.of("sha256", "bytes", "mediaType");

  private final Set<String> names = new LinkedHashSet<>();

  /** Takes those of one event's line; a line that cannot be read has none. */
  void read(String line) {
    if (!line.contains("\"mediaType\":")) {
      return;
    }
    try (JsonParser parser = HelmJson.mapper().getFactory().createParser(line)) {
      parser.nextToken();
      object(parser);
    } catch (IOException e) {
      // Stored so by whoever changed it; the one who verifies the export is told.
    }
  }

  Set<String> names() {
    return names;
  }

  private void object(JsonParser parser) throws IOException {
    String sha256 = "";
    int members = 0;
    boolean others = false;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      members++;
      others |= !MEMBERS.contains(name);
      if (name.equals("sha256") && value == JsonToken.VALUE_STRING) {
        sha256 = parser.getText();
      }
      value(parser, value);
    }
    if (members == MEMBERS.size() && !others && SHA256.matcher(sha256).matches()) {
      names.add(sha256);
    }
  }

  private void value(JsonParser parser, JsonToken token) throws IOException {
    if (token == JsonToken.START_OBJECT) {
      object(parser);
    } else if (token == JsonToken.START_ARRAY) {
      for (JsonToken item = parser.nextToken();
          item != null && item != JsonToken.END_ARRAY;
          item = parser.nextToken()) {
        value(parser, item);
      }
    }
  }
}
