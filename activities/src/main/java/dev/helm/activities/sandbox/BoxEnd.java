package dev.helm.activities.sandbox;

/**
 * How a box ended.
 *
 * @param kind what ended it
 * @param code exit code, 128 and the signal's number if a signal ended it; -1 for {@code LOST}
 * @param why in words, empty where the code says all
 */
public record BoxEnd(Kind kind, int code, String why) {
  /** What ended a box. */
  public enum Kind {
    /** The program by itself, or a signal from inside; the code says which. */
    EXITED,
    /** Helm: the box was closed, 24 hours had passed, or the workspace was over its limit. */
    KILLED,
    /** The container or its engine is gone. */
    LOST
  }
}
