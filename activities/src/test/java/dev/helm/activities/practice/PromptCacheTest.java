package dev.helm.activities.practice;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class PromptCacheTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private long nowMs = 1_000_000;
  private final PromptCache cache = new PromptCache(() -> nowMs);

  /** A conversation whose last message carries the only mark, as clients move it. */
  private static ObjectNode body(int messages, String ttl) {
    ObjectNode body = JSON.createObjectNode().put("model", "claude-sonnet-4-5");
    body.put("system", "s".repeat(8_000));
    ArrayNode list = body.putArray("messages");
    for (int i = 0; i < messages; i++) {
      ObjectNode block =
          list.addObject()
              .put("role", i % 2 == 0 ? "user" : "assistant")
              .putArray("content")
              .addObject();
      block.put("type", "text").put("text", i + " " + "m".repeat(400));
      if (i == messages - 1) {
        block.putObject("cache_control").put("type", "ephemeral").put("ttl", ttl);
      }
    }
    return body;
  }

  @Test
  void billedTokensGrowLinearly() {
    long freshInAll = 0;
    for (int n = 1; n <= 201; n += 2) {
      Usage usage = cache.charge(body(n, "5m"));
      assertThat(usage.input()).isZero();
      assertThat(usage.total()).isEqualTo(PromptCache.count(body(n, "5m")).usage().total());
      if (n > 1) {
        assertThat(usage.write5m()).isBetween(200L, 260L);
      }
      freshInAll += usage.write5m();
    }
    assertThat(freshInAll).isEqualTo(PromptCache.count(body(201, "5m")).usage().total());
  }

  @Test
  void entriesEndUnlessTheyAreRead() {
    cache.charge(body(1, "5m"));
    nowMs += 299_000;
    assertThat(cache.charge(body(1, "5m")).read()).isPositive();
    nowMs += 299_000;
    assertThat(cache.charge(body(1, "5m")).read()).isPositive();
    nowMs += 301_000;
    assertThat(cache.charge(body(1, "5m")).read()).isZero();
    Usage hour = cache.charge(body(3, "1h"));
    assertThat(hour.write1h()).isPositive();
    assertThat(hour.write5m()).isZero();
    nowMs += 3_599_000;
    assertThat(cache.charge(body(3, "1h")).write1h()).isZero();
  }

  @Test
  void looksBackTwentyBlocksOnly() {
    cache.charge(body(1, "5m"));
    assertThat(cache.charge(body(20, "5m")).read()).isPositive();
    cache.charge(body(1, "5m"));
    assertThat(new PromptCache(() -> nowMs).charge(body(1, "5m")).read()).isZero();
    PromptCache other = new PromptCache(() -> nowMs);
    other.charge(body(1, "5m"));
    assertThat(other.charge(body(22, "5m")).read()).isZero();
  }

  @Test
  void shortPrefixesAndOtherModelsAreNotShared() {
    ObjectNode small = body(1, "5m").put("system", "short");
    assertThat(cache.charge(small).write5m()).isZero();
    cache.charge(body(1, "5m"));
    assertThat(cache.charge(body(1, "5m").put("model", "claude-haiku-4-5")).read()).isZero();
  }
}
