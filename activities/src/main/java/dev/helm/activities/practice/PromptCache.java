package dev.helm.activities.practice;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Counts a request's tokens as the real prompt cache would bill them: tools, then system, then
 * messages, a prefix at each block; what ends at a cache_control mark is written, and what an
 * earlier call wrote is read, looking back at most twenty blocks from a mark.
 */
final class PromptCache {
  private static final int BYTES_A_TOKEN = 4;
  private static final int LOOK_BACK_BLOCKS = 20;

  /** The real cache ignores prefixes that are shorter. */
  private static final int LEAST_TOKENS = 1024;

  private static final int ENTRIES_CAP = 50_000;
  private static final long MINUTE_MS = 60_000;

  /** What a prefix ends with: nothing, or a mark with its life. */
  private enum Mark {
    NONE(0),
    FIVE_MINUTES(5 * MINUTE_MS),
    HOUR(60 * MINUTE_MS);

    private final long lifeMs;

    Mark(long lifeMs) {
      this.lifeMs = lifeMs;
    }
  }

  private record Prefix(String hash, long tokens, Mark mark) {}

  private record Kept(long lifeMs, long endsAtMs) {}

  /**
   * A request as the cache sees it.
   *
   * @param whole names the conversation: the hash of the longest prefix
   */
  record Counted(Usage usage, String whole) {}

  private final LongSupplier clockMs;
  private final Map<String, Kept> entries =
      new LinkedHashMap<>(256, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Kept> eldest) {
          return size() > ENTRIES_CAP;
        }
      };

  PromptCache(LongSupplier clockMs) {
    this.clockMs = clockMs;
  }

  /** Counts and changes nothing: for count_tokens, and to name a conversation. */
  static Counted count(JsonNode body) {
    Prefix last = prefixes(body).getLast();
    return new Counted(new Usage(last.tokens(), 0, 0, 0), last.hash());
  }

  /** Counts a call that is answered, and remembers the prefixes that it wrote. */
  synchronized Usage charge(JsonNode body) {
    List<Prefix> prefixes = prefixes(body);
    long now = clockMs.getAsLong();
    long read = longestKnown(prefixes, now);
    long covered = read;
    long write5m = 0;
    long write1h = 0;
    for (Prefix prefix : prefixes) {
      if (prefix.mark() == Mark.NONE || prefix.tokens() < LEAST_TOKENS) {
        continue;
      }
      long fresh = Math.max(0, prefix.tokens() - covered);
      write1h += prefix.mark() == Mark.HOUR ? fresh : 0;
      write5m += prefix.mark() == Mark.HOUR ? 0 : fresh;
      covered = Math.max(covered, prefix.tokens());
      entries.put(prefix.hash(), new Kept(prefix.mark().lifeMs, now + prefix.mark().lifeMs));
    }
    return new Usage(prefixes.getLast().tokens() - covered, write5m, write1h, read);
  }

  private long longestKnown(List<Prefix> prefixes, long now) {
    for (int mark = prefixes.size() - 1; mark >= 0; mark--) {
      if (prefixes.get(mark).mark() == Mark.NONE) {
        continue;
      }
      for (int i = mark; i >= 0 && i > mark - LOOK_BACK_BLOCKS; i--) {
        Prefix prefix = prefixes.get(i);
        Kept entry = entries.get(prefix.hash());
        if (entry != null && entry.endsAtMs() > now) {
          entries.put(prefix.hash(), new Kept(entry.lifeMs(), now + entry.lifeMs()));
          return prefix.tokens();
        }
      }
    }
    return 0;
  }

  private static List<Prefix> prefixes(JsonNode body) {
    Running running = new Running(body.path("model").asText());
    for (JsonNode tool : body.path("tools")) {
      running.add("tool", tool);
    }
    for (JsonNode block : blocks(body.path("system"))) {
      running.add("system", block);
    }
    for (JsonNode message : body.path("messages")) {
      for (JsonNode block : blocks(message.path("content"))) {
        running.add(message.path("role").asText(), block);
      }
    }
    return running.prefixes;
  }

  private static Iterable<JsonNode> blocks(JsonNode content) {
    if (!content.isTextual()) {
      return content;
    }
    ObjectNode block = JsonNodeFactory.instance.objectNode();
    block.put("type", "text").put("text", content.asText());
    return List.of(block);
  }

  /** A copy without the marks, so that a mark that moves leaves the prefix the same. */
  private static JsonNode unmarked(JsonNode block) {
    if (!(block instanceof ObjectNode object)) {
      return block;
    }
    ObjectNode copy = JsonNodeFactory.instance.objectNode();
    copy.setAll(object);
    copy.remove("cache_control");
    if (copy.path("content") instanceof ArrayNode content) {
      ArrayNode parts = JsonNodeFactory.instance.arrayNode();
      content.forEach(part -> parts.add(unmarked(part)));
      copy.set("content", parts);
    }
    return copy;
  }

  private static Mark markOf(JsonNode block) {
    JsonNode mark = block.path("cache_control");
    if (!mark.isObject()) {
      return Mark.NONE;
    }
    return mark.path("ttl").asText("5m").equals("1h") ? Mark.HOUR : Mark.FIVE_MINUTES;
  }

  private static final class Running {
    private final MessageDigest digest;
    private final List<Prefix> prefixes = new ArrayList<>();
    private long bytes;

    Running(String model) {
      try {
        this.digest = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every JDK has SHA-256", e);
      }
      digest.update(model.getBytes(StandardCharsets.UTF_8));
    }

    void add(String role, JsonNode block) {
      byte[] text = unmarked(block).toString().getBytes(StandardCharsets.UTF_8);
      bytes += text.length;
      digest.update(("\n" + role + text.length + ":").getBytes(StandardCharsets.UTF_8));
      digest.update(text);
      long tokens = (bytes + BYTES_A_TOKEN - 1) / BYTES_A_TOKEN;
      prefixes.add(new Prefix(HexFormat.of().formatHex(soFar()), tokens, markOf(block)));
    }

    private byte[] soFar() {
      try {
        return ((MessageDigest) digest.clone()).digest();
      } catch (CloneNotSupportedException e) {
        throw new IllegalStateException("the JDK's SHA-256 can be cloned", e);
      }
    }
  }
}
