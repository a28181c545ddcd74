package dev.helm.service.ledger;

/**
 * Tokens of one call, as the model's answer told them.
 *
 * @param inputTokens input that met no cache
 * @param cacheWriteTokens all input written to a cache
 * @param cacheWrite1hTokens those of them that are kept for an hour
 */
public record TokenUsage(
    long inputTokens,
    long outputTokens,
    long cacheReadTokens,
    long cacheWriteTokens,
    long cacheWrite1hTokens) {

  static final TokenUsage NONE = new TokenUsage(0, 0, 0, 0, 0);

  public TokenUsage {
    checked(inputTokens);
    checked(outputTokens);
    checked(cacheReadTokens);
    checked(cacheWriteTokens);
    checked(cacheWrite1hTokens);
  }

  private static void checked(long tokens) {
    if (tokens < 0 || tokens > Price.TOKENS_MAX) {
      throw new IllegalArgumentException(tokens + " is no count of tokens");
    }
  }

  /** All input tokens, cached or not. */
  long allInput() {
    return inputTokens + cacheReadTokens + Math.max(cacheWriteTokens, cacheWrite1hTokens);
  }

  /** Cache writes for five minutes. */
  long cacheWrite5m() {
    return Math.max(0, cacheWriteTokens - cacheWrite1hTokens);
  }
}
