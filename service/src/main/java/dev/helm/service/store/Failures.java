package dev.helm.service.store;

import dev.helm.activities.store.RunLog.LogUnavailableException;
import java.sql.SQLException;
import org.sqlite.SQLiteException;

/** Tells a failure of the disk or the file from a failure of the work itself. */
final class Failures {
  private static final int CONSTRAINT = 19;
  private static final int MISMATCH = 20;
  private static final int RANGE = 25;
  private static final int TOO_BIG = 18;
  private static final int ERROR = 1;

  private Failures() {}

  /**
   * Whether nothing at all can be stored now. What SQLite does not blame on the statement itself is
   * taken to be so, since a wrong guess then costs a retry and not a lost event.
   */
  static boolean ofEnvironment(Throwable failure) {
    return switch (failure) {
      case SQLiteException e -> !ofStatement(e.getResultCode().code & 0xff);
      case SQLException e -> true;
      case Error e -> true;
      default -> false;
    };
  }

  private static boolean ofStatement(int code) {
    return code == CONSTRAINT
        || code == MISMATCH
        || code == RANGE
        || code == TOO_BIG
        || code == ERROR;
  }

  /** What callers see when nothing could be stored. */
  static LogUnavailableException unavailable(Throwable cause) {
    return new LogUnavailableException(
        "the event log cannot be written ("
            + reason(cause)
            + "); nothing was stored. Free disk space or check the disk; Helm goes on by itself",
        cause);
  }

  static String reason(Throwable cause) {
    String message = cause.getMessage();
    return message == null ? cause.getClass().getSimpleName() : message;
  }
}
