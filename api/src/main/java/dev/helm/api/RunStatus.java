package dev.helm.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Where a run stands. A run that waits for a permission is {@link #PAUSED}. */
public enum RunStatus {
  QUEUED,
  RUNNING,
  PAUSED,
  SUCCEEDED,
  FAILED,
  CANCELLED;

  /** Queued, running or paused: the run can still go on by itself or by a person. */
  public boolean active() {
    return switch (this) {
      case QUEUED, RUNNING, PAUSED -> true;
      case SUCCEEDED, FAILED, CANCELLED -> false;
    };
  }

  /** Reads the wire's word. */
  @JsonCreator
  public static RunStatus of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }

  /** The wire's word, lower case. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
