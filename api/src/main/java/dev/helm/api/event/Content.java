package dev.helm.api.event;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Map;

/**
 * Foreign content in an event: model text, tool arguments, tool results. Up to 64 KiB of UTF-8 it
 * is a JSON string, beyond that a reference to a blob.
 */
public sealed interface Content {
  /** Most UTF-8 bytes that stand in the event itself. */
  int INLINE_BYTES_MAX = 64 * 1024;

  /** Content that stands in the event itself. */
  record Text(@JsonValue String text) implements Content {}

  /**
   * Content that is stored beside the log.
   *
   * @param sha256 hash of the content, 64 lower-case hex digits
   * @param bytes its length
   * @param mediaType its media type, for example {@code text/plain}
   */
  record BlobRef(
      @JsonProperty("sha256") String sha256,
      @JsonProperty("bytes") long bytes,
      @JsonProperty("mediaType") String mediaType)
      implements Content {}

  /** Inline content. */
  static Content text(String text) {
    return new Text(text);
  }

  /** Reads either form of the wire. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Content fromJson(Object json) {
    if (json instanceof String text) {
      return new Text(text);
    }
    if (json instanceof Map<?, ?> map
        && map.get("sha256") instanceof String sha256
        && map.get("bytes") instanceof Number bytes
        && map.get("mediaType") instanceof String mediaType) {
      return new BlobRef(sha256, bytes.longValue(), mediaType);
    }
    throw new IllegalArgumentException("content is a string or {sha256,bytes,mediaType}");
  }
}
