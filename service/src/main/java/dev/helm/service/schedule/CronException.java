package dev.helm.service.schedule;

import org.jspecify.annotations.Nullable;

/** A text is no cron. */
public final class CronException extends Exception {
  private static final long serialVersionUID = 1;

  private final @Nullable String hint;

  CronException(String message, @Nullable String hint) {
    super(message);
    this.hint = hint;
  }

  /** What is wrong. */
  public String wrong() {
    return String.valueOf(getMessage());
  }

  /** What to do, or null. */
  public @Nullable String hint() {
    return hint;
  }
}
