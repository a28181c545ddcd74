package dev.helm.api.event;

import java.math.BigDecimal;

/**
 * A fractional number with its exact source text, so that a hash of what was written is not one of
 * a rounding or of another notation: {@code 1e2} and {@code 100.0} stay two texts.
 */
public final class SourceNumber extends Number {
  private static final long serialVersionUID = 1;

  private final BigDecimal value;
  private final String text;

  /**
   * The number of a JSON text.
   *
   * @throws NumberFormatException when it is none
   */
  public SourceNumber(String text) {
    this.value = new BigDecimal(text);
    this.text = text;
  }

  @Override
  public int intValue() {
    return (int) longValue();
  }

  /** Without the fraction, and at most the largest long: a huge exponent costs nothing. */
  @Override
  public long longValue() {
    return (long) doubleValue();
  }

  @Override
  public float floatValue() {
    return (float) doubleValue();
  }

  @Override
  public double doubleValue() {
    return value.doubleValue();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SourceNumber number && number.text.equals(text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** The source text. */
  @Override
  public String toString() {
    return text;
  }
}
