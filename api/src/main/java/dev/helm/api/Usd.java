package dev.helm.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * An amount of US dollars, exact to the micro-dollar. In JSON a decimal string with six decimals
 * ({@code "0.420000"}), because a JSON number is a binary fraction in most languages.
 *
 * @param micros millionths of a dollar; negative only for corrections
 */
public record Usd(long micros) implements Comparable<Usd> {
  /** Nothing. */
  public static final Usd ZERO = new Usd(0);

  private static final BigDecimal MICROS_PER_DOLLAR = BigDecimal.valueOf(1_000_000);

  /**
   * Reads a decimal amount of dollars exactly.
   *
   * @throws IllegalArgumentException when it is no number, has more than six decimals or is too
   *     large
   */
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  public static Usd parse(String dollars) {
    if (dollars.length() > 32) {
      throw new IllegalArgumentException("an amount of dollars has at most 32 characters");
    }
    try {
      return new Usd(
          new BigDecimal(dollars)
              .multiply(MICROS_PER_DOLLAR)
              .setScale(0, RoundingMode.UNNECESSARY)
              .longValueExact());
    } catch (ArithmeticException | NumberFormatException e) {
      throw new IllegalArgumentException(
          "\"" + dollars + "\" is not an amount of dollars with at most six decimals", e);
    }
  }

  /** The sum; overflow is an error, never a wrap. */
  public Usd plus(Usd other) {
    return new Usd(Math.addExact(micros, other.micros));
  }

  /** The difference; overflow is an error, never a wrap. */
  public Usd minus(Usd other) {
    return new Usd(Math.subtractExact(micros, other.micros));
  }

  /**
   * As people read it: {@code $0.42}, rounded up to the cent so that a spend never looks smaller.
   */
  public String shown() {
    BigDecimal cents =
        BigDecimal.valueOf(micros, 6).setScale(2, micros < 0 ? RoundingMode.DOWN : RoundingMode.UP);
    return cents.signum() < 0 ? "-$" + cents.negate() : "$" + cents;
  }

  @Override
  public int compareTo(Usd other) {
    return Long.compare(micros, other.micros);
  }

  @JsonValue
  @Override
  public String toString() {
    return BigDecimal.valueOf(micros, 6).toPlainString();
  }
}
