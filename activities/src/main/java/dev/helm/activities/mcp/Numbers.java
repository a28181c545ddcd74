package dev.helm.activities.mcp;

import dev.helm.api.event.SourceNumber;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Numbers of a JSON tree as exactly what was written, in types that every writer knows. */
final class Numbers {
  private static final long EXACT_MAX = 1L << 53;

  private Numbers() {}

  /** The tree with decimals in place of source texts and of integers beyond 2^53. */
  static @Nullable Object exact(@Nullable Object value) {
    return switch (value) {
      case SourceNumber number -> new BigDecimal(number.toString());
      case BigInteger number -> new BigDecimal(number);
      case Long number when number > EXACT_MAX || number < -EXACT_MAX -> new BigDecimal(number);
      case Map<?, ?> members -> {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        members.forEach((name, member) -> copy.put(String.valueOf(name), exact(member)));
        yield copy;
      }
      case List<?> elements -> elements.stream().map(Numbers::exact).toList();
      case null -> null;
      default -> value;
    };
  }
}
