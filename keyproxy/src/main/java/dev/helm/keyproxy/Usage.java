package dev.helm.keyproxy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * Tokens of one call. {@code cacheWriteTokens} are all that were written to a cache, {@code
 * cacheWrite1hTokens} those of them that are kept for an hour; the rest is kept five minutes.
 */
record Usage(
    long inputTokens,
    long outputTokens,
    long cacheReadTokens,
    long cacheWriteTokens,
    long cacheWrite1hTokens) {

  static final Usage NONE = new Usage(0, 0, 0, 0, 0);

  Usage {
    if (Math.min(inputTokens, outputTokens) < 0
        || Math.min(cacheReadTokens, Math.min(cacheWriteTokens, cacheWrite1hTokens)) < 0) {
      throw new IllegalArgumentException("tokens must not be negative");
    }
  }

  /**
   * Collects usage objects. Their figures are cumulative: a later one replaces an earlier one, and
   * what a later object leaves out stays.
   */
  static final class Collector {
    /** The ledger takes no larger count (its {@code Price.TOKENS_MAX}). */
    static final long MAX_TOKENS = 1_000_000_000;

    private long input = -1;
    private long output = -1;
    private long cacheRead;
    private long cacheWrite;
    private long cacheWrite1h;

    /** Reads the usage object that is the current token; null is skipped. */
    void read(JsonParser parser) throws IOException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        return;
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "input_tokens" -> input = tokens(parser, input);
          case "output_tokens" -> output = tokens(parser, output);
          case "cache_read_input_tokens" -> cacheRead = tokens(parser, cacheRead);
          case "cache_creation_input_tokens" -> cacheWrite = tokens(parser, cacheWrite);
          case "cache_creation" -> cacheCreation(parser);
          default -> parser.skipChildren();
        }
      }
    }

    private void cacheCreation(JsonParser parser) throws IOException {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        return;
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean hour = parser.currentName().equals("ephemeral_1h_input_tokens");
        parser.nextToken();
        if (hour) {
          cacheWrite1h = tokens(parser, cacheWrite1h);
        } else {
          parser.skipChildren();
        }
      }
    }

    private static long tokens(JsonParser parser, long before) throws IOException {
      if (parser.currentToken() == JsonToken.VALUE_NULL) {
        return before;
      }
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
        throw new IOException("a token count is not a whole number");
      }
      long tokens = parser.getLongValue();
      if (tokens < 0 || tokens > MAX_TOKENS) {
        throw new IOException("a token count is out of range");
      }
      return tokens;
    }

    /** True when both the input's and the output's figure were seen. */
    boolean complete() {
      return input >= 0 && output >= 0;
    }

    Usage usage() {
      return new Usage(input, output, cacheRead, Math.max(cacheWrite, cacheWrite1h), cacheWrite1h);
    }
  }
}
