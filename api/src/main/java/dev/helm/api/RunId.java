package dev.helm.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * The full id of a run: 32 lower-case hex digits. People see its first four.
 *
 * @param value 32 lower-case hex digits
 */
public record RunId(String value) {
  /** Digits in a full id. */
  public static final int LENGTH = 32;

  private static final SecureRandom RANDOM = new SecureRandom();

  public RunId {
    if (value.length() != LENGTH || !isHex(value)) {
      throw new IllegalArgumentException(
          "a run id is 32 lower-case hex digits, not \"" + value + "\"");
    }
  }

  /** Reads the id from its JSON string. */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static RunId of(String value) {
    return new RunId(value);
  }

  /** A new id with 128 random bits. */
  public static RunId random() {
    byte[] bytes = new byte[LENGTH / 2];
    RANDOM.nextBytes(bytes);
    return new RunId(HexFormat.of().formatHex(bytes));
  }

  /** Whether the text could be the beginning of an id: 1 to 32 lower-case hex digits. */
  public static boolean isPrefix(String text) {
    return !text.isEmpty() && text.length() <= LENGTH && isHex(text);
  }

  /** The first four digits, as people see them where that is unambiguous. */
  public String shown() {
    return value.substring(0, 4);
  }

  @JsonValue
  @Override
  public String toString() {
    return value;
  }

  private static boolean isHex(String text) {
    return text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }
}
