package dev.helm.service.ledger;

import java.math.BigDecimal;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a model's tokens cost.
 *
 * @param base rates of a call up to the long-context mark
 * @param above rates of a call above it, or null when the model has no such mark
 * @param aboveTokens the mark: input tokens of the call, cache included
 */
record Price(Rates base, @Nullable Rates above, long aboveTokens) {
  private static final long PICOS_PER_MICRO = 1_000_000;

  /** Largest count of tokens that is taken for one. */
  static final long TOKENS_MAX = 1_000_000_000;

  /** Pico-dollars a token: a dollar per million tokens is a million of them, so all is exact. */
  record Rates(long input, long output, long cacheWrite5m, long cacheWrite1h, long cacheRead) {
    /** Reads dollars per million tokens. */
    static Rates of(
        String input, String output, String cacheWrite5m, String cacheWrite1h, String cacheRead) {
      return new Rates(
          picos(input), picos(output), picos(cacheWrite5m), picos(cacheWrite1h), picos(cacheRead));
    }

    private static long picos(String dollarsPerMillion) {
      BigDecimal value = new BigDecimal(dollarsPerMillion);
      if (value.signum() < 0 || value.compareTo(BigDecimal.valueOf(1_000)) > 0) {
        throw new IllegalArgumentException(
            "a price is 0 to 1000 dollars per million tokens, not " + dollarsPerMillion);
      }
      return value.movePointRight(6).longValueExact();
    }

    private String text() {
      return input + "," + output + "," + cacheWrite5m + "," + cacheWrite1h + "," + cacheRead;
    }

    private static Rates parse(String text) {
      long[] picos = Arrays.stream(text.split(",")).mapToLong(Long::parseLong).toArray();
      return new Rates(picos[0], picos[1], picos[2], picos[3], picos[4]);
    }

    /** The dearest that an input token can be: nobody says beforehand what will be cached. */
    long dearestInput() {
      return Math.max(Math.max(input, cacheRead), Math.max(cacheWrite5m, cacheWrite1h));
    }
  }

  /** As it is kept with a reservation. */
  String text() {
    return above == null ? base.text() : base.text() + ";" + aboveTokens + ";" + above.text();
  }

  /** Reads what {@link #text} wrote. */
  static Price parse(String text) {
    String[] parts = text.split(";");
    return parts.length == 1
        ? new Price(Rates.parse(parts[0]), null, Long.MAX_VALUE)
        : new Price(Rates.parse(parts[0]), Rates.parse(parts[2]), Long.parseLong(parts[1]));
  }

  private Rates rates(long inputTokens) {
    return above != null && inputTokens > aboveTokens ? above : base;
  }

  /** The most that so many input tokens can cost, in micro-dollars, rounded up. */
  long worstMicros(long inputTokens, long outputTokens) {
    Rates rates = rates(inputTokens);
    // A call that stays below the mark is charged the base rates, which need not be the cheaper.
    long picos = worstPicos(rates, inputTokens, outputTokens);
    return roundedUp(Math.max(picos, worstPicos(base, inputTokens, outputTokens)));
  }

  private static long worstPicos(Rates rates, long inputTokens, long outputTokens) {
    return Math.addExact(
        Math.multiplyExact(rates.dearestInput(), inputTokens),
        Math.multiplyExact(rates.output(), outputTokens));
  }

  /** Most output tokens with which the worst case still fits under an amount; 0 for none. */
  long affordableTokens(long inputTokens, long micros) {
    Rates rates = rates(inputTokens);
    long output = Math.max(rates.output(), base.output());
    long input = Math.max(rates.dearestInput(), base.dearestInput());
    long left =
        Math.multiplyExact(micros, PICOS_PER_MICRO) - Math.multiplyExact(input, inputTokens);
    if (left <= 0) {
      return 0;
    }
    return output == 0 ? TOKENS_MAX : Math.min(TOKENS_MAX, left / output);
  }

  /** What a call cost, in micro-dollars, rounded up. */
  long micros(TokenUsage usage) {
    Rates rates = rates(usage.allInput());
    long picos = Math.multiplyExact(rates.input(), usage.inputTokens());
    picos = Math.addExact(picos, Math.multiplyExact(rates.output(), usage.outputTokens()));
    picos = Math.addExact(picos, Math.multiplyExact(rates.cacheRead(), usage.cacheReadTokens()));
    picos = Math.addExact(picos, Math.multiplyExact(rates.cacheWrite5m(), usage.cacheWrite5m()));
    picos =
        Math.addExact(picos, Math.multiplyExact(rates.cacheWrite1h(), usage.cacheWrite1hTokens()));
    return roundedUp(picos);
  }

  private static long roundedUp(long picos) {
    return Math.ceilDiv(picos, PICOS_PER_MICRO);
  }
}
