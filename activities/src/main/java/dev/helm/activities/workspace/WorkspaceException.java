package dev.helm.activities.workspace;

import java.io.IOException;

/** A file of a workspace cannot be used; the message says which, why, and what to do. */
public final class WorkspaceException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** Why. */
  public enum Reason {
    /** The path is not one that may be used: outside, odd characters, too long, too deep. */
    BAD_PATH,
    /** A symbolic link stands where none is followed. */
    LINK,
    /** There is no such file. */
    NOT_FOUND,
    /** Not a regular file, or not a directory where one is needed. */
    WRONG_TYPE,
    /** Larger, or more, than the limit. */
    TOO_LARGE,
    /** No room on the disk. */
    FULL,
    /** The kernel refused for another reason. */
    REFUSED
  }

  /** For people and for the model. */
  public WorkspaceException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
