package dev.helm.api.event;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Canonical JSON (RFC 8785) of a tree of maps, collections, strings, booleans, nulls and numbers.
 *
 * <p>Numbers: integers within ±2^53 print as themselves. A fraction is kept as its source text
 * ({@link SourceNumber}; a {@link BigDecimal} prints as itself), so that the hash of a tool's
 * arguments is of what was written and not of a rounding; the log's own data holds none. Lone
 * surrogates are refused: whoever makes the tree escapes and marks them first ({@link WellFormed}).
 */
public final class CanonicalJson {
  private static final BigInteger SAFE = BigInteger.ONE.shiftLeft(53);
  private static final String HEX = "0123456789abcdef";

  private CanonicalJson() {}

  /**
   * The canonical text.
   *
   * @throws IllegalArgumentException for a value that has no canonical form
   */
  public static String write(@Nullable Object value) {
    StringBuilder out = new StringBuilder(256);
    append(out, value);
    return out.toString();
  }

  private static void append(StringBuilder out, @Nullable Object value) {
    switch (value) {
      case null -> out.append("null");
      case String text -> quote(out, text);
      case Boolean bool -> out.append(bool.booleanValue());
      case Integer number -> out.append(number.intValue());
      case Long number -> integer(out, BigInteger.valueOf(number));
      case BigInteger number -> integer(out, number);
      case SourceNumber number -> out.append(number);
      case BigDecimal number -> out.append(number);
      case Map<?, ?> map -> object(out, map);
      case Collection<?> items -> array(out, items);
      default ->
          throw new IllegalArgumentException(
              value.getClass().getName() + " has no canonical JSON form here");
    }
  }

  private static void integer(StringBuilder out, BigInteger number) {
    if (number.abs().compareTo(SAFE) > 0) {
      throw new IllegalArgumentException(number + " is outside ±2^53; write it as a string");
    }
    out.append(number);
  }

  private static void object(StringBuilder out, Map<?, ?> map) {
    // RFC 8785 sorts member names by UTF-16 code units, which is String's natural order.
    TreeMap<String, Object> sorted = new TreeMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!(entry.getKey() instanceof String name)) {
        throw new IllegalArgumentException("a member name is a string");
      }
      sorted.put(name, entry.getValue());
    }
    out.append('{');
    String separator = "";
    for (Map.Entry<String, Object> entry : sorted.entrySet()) {
      out.append(separator);
      quote(out, entry.getKey());
      out.append(':');
      append(out, entry.getValue());
      separator = ",";
    }
    out.append('}');
  }

  private static void array(StringBuilder out, Collection<?> items) {
    out.append('[');
    String separator = "";
    for (Object item : items) {
      out.append(separator);
      append(out, item);
      separator = ",";
    }
    out.append(']');
  }

  private static void quote(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        i = surrogates(out, text, i);
      } else {
        plain(out, c);
      }
    }
    out.append('"');
  }

  private static int surrogates(StringBuilder out, String text, int i) {
    if (!Character.isHighSurrogate(text.charAt(i))
        || i + 1 == text.length()
        || !Character.isLowSurrogate(text.charAt(i + 1))) {
      throw new IllegalArgumentException("a lone surrogate has no UTF-8 form");
    }
    out.append(text, i, i + 2);
    return i + 1;
  }

  private static void plain(StringBuilder out, char c) {
    switch (c) {
      case '"' -> out.append("\\\"");
      case '\\' -> out.append("\\\\");
      case '\b' -> out.append("\\b");
      case '\f' -> out.append("\\f");
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      default -> {
        if (c < 0x20) {
          out.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
        } else {
          out.append(c);
        }
      }
    }
  }
}
