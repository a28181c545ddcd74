package dev.helm.api;

/**
 * A value that must not be printed. It has no JSON form: serialising it is an error by
 * construction, since it has no readable property.
 */
public final class Secret {
  private final String value;

  private Secret(String value) {
    this.value = value;
  }

  /** Wraps a secret text. */
  public static Secret of(String value) {
    return new Secret(value);
  }

  /** The text itself, for the one place that needs it. */
  public String reveal() {
    return value;
  }

  @Override
  public String toString() {
    return "[redacted]";
  }
}
