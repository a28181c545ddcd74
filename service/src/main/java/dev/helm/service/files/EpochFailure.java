package dev.helm.service.files;

import org.jspecify.annotations.Nullable;

/** A rollback, restart or fork that was not done; the message says what holds now. */
public final class EpochFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Kind kind;

  /** Why. */
  public enum Kind {
    /** Another one is under way for this run. */
    BUSY,
    /** No room on the disk. */
    FULL,
    /** It would delete files that no snapshot holds. */
    UNSAVED,
    /** The container engine does not answer. */
    ENGINE,
    /** Begun or decided; what is left is done as soon as it can be. */
    LATER,
    /** The same request was for something else before. */
    OTHER
  }

  /** For people. */
  public EpochFailure(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Why. */
  public Kind kind() {
    return kind;
  }
}
