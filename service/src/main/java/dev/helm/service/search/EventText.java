package dev.helm.service.search;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.HelmJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The words of an event: its members' texts, foreign JSON unfolded, and the beginnings of the blobs
 * that it refers to.
 *
 * @param text without control characters
 * @param blobs hashes of the blobs that the event refers to, whether their text is in here or not
 */
record EventText(String text, List<String> blobs) {
  /** Most characters of an event, blobs apart. */
  static final int OWN_CHARS_MAX = 16 << 10;

  /** Most bytes of one blob. */
  static final int BLOB_BYTES_MAX = 64 << 10;

  /** Most characters in all. */
  static final int CHARS_MAX = 96 << 10;

  private static final int DEPTH_MAX = 40;
  private static final String BETWEEN = " · ";
  private static final Set<String> NO_WORDS =
      Set.of("argumentsHash", "blueprintHash", "tree", "sha256", "messageId");

  EventText {
    blobs = List.copyOf(blobs);
  }

  /** Reads the beginning of a blob; null if it is erased. */
  interface BlobHead {
    byte @Nullable [] read(String sha256, int bytesMax);
  }

  static EventText of(JsonNode data, BlobHead blobs) {
    Reader reader = new Reader(blobs);
    reader.members(data);
    return new EventText(reader.words.toString(), reader.hashes);
  }

  private static final class Reader {
    private final BlobHead heads;
    private final StringBuilder words = new StringBuilder();
    private final List<String> hashes = new ArrayList<>();
    private int most = OWN_CHARS_MAX;

    Reader(BlobHead heads) {
      this.heads = heads;
    }

    /** What people wrote or read comes first, ids last: the beginning is what is shown. */
    void members(JsonNode data) {
      List<JsonNode> references = new ArrayList<>();
      for (boolean ids : new boolean[] {false, true}) {
        for (Map.Entry<String, JsonNode> member : data.properties()) {
          if (NO_WORDS.contains(member.getKey()) || member.getKey().endsWith("Id") != ids) {
            continue;
          }
          if (isBlob(member.getValue())) {
            references.add(member.getValue());
          } else {
            unfold(member.getValue(), 0);
          }
        }
      }
      most = CHARS_MAX;
      references.forEach(this::blob);
    }

    private static boolean isBlob(JsonNode node) {
      return node.path("sha256").isTextual() && node.path("mediaType").isTextual();
    }

    private void unfold(JsonNode node, int depth) {
      if (depth > DEPTH_MAX || words.length() >= most) {
        return;
      }
      if (node.isTextual()) {
        foreign(node.textValue(), depth);
      } else if (node.isNumber() && depth > 0) {
        // Those of the event itself are turns, offsets and the like.
        add(node.asText());
      } else {
        for (Map.Entry<String, JsonNode> member : node.properties()) {
          if (depth > 0) {
            add(member.getKey());
          }
          unfold(member.getValue(), depth + 1);
        }
        if (node.isArray()) {
          node.forEach(item -> unfold(item, depth + 1));
        }
      }
    }

    /** In JSON source a line end is {@code \n}, and {@code \nword} would be the word "nword". */
    private void foreign(String text, int depth) {
      String begins = text.stripLeading();
      if (begins.startsWith("{") || begins.startsWith("[")) {
        try {
          unfold(HelmJson.mapper().readTree(text), depth + 1);
          return;
        } catch (JsonProcessingException e) {
          // It only looks like JSON.
        }
      }
      add(text);
    }

    private void blob(JsonNode reference) {
      String sha256 = reference.path("sha256").textValue();
      hashes.add(sha256);
      if (words.length() >= most || !isText(reference.path("mediaType").textValue())) {
        return;
      }
      byte[] head = heads.read(sha256, BLOB_BYTES_MAX);
      if (head != null) {
        foreign(new String(head, StandardCharsets.UTF_8), 0);
      }
    }

    private static boolean isText(String mediaType) {
      return mediaType.startsWith("text/")
          || mediaType.contains("json")
          || mediaType.contains("xml")
          || mediaType.contains("yaml");
    }

    private void add(String text) {
      int room = most - words.length();
      if (room <= 0 || text.isEmpty()) {
        return;
      }
      if (!words.isEmpty()) {
        words.append(BETWEEN);
      }
      int end = Math.min(text.length(), room);
      if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
        end--;
      }
      for (int i = 0; i < end; i++) {
        char c = text.charAt(i);
        words.append(Character.isISOControl(c) ? ' ' : c);
      }
    }
  }
}
