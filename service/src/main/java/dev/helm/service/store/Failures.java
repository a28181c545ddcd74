package dev.helm.service.store;

import dev.helm.activities.store.RunLog.LogUnavailableException;
import java.sql.SQLException;
import org.sqlite.SQLiteException;

/** Tells a failure of the disk or the file from a failure of the work itself. */
final class Failures {
  private static final int ERROR = 1;
  private static final int BUSY = 5;
  private static final int LOCKED = 6;
  private static final int READONLY = 8;
  private static final int IOERR = 10;
  private static final int CORRUPT = 11;
  private static final int FULL = 13;
  private static final int TOO_BIG = 18;
  private static final int CONSTRAINT = 19;
  private static final int MISMATCH = 20;
  private static final int RANGE = 25;
  private static final int NOT_A_DB = 26;

  /** The shared memory file could not grow: no space, and nothing of the log was touched. */
  private static final int IOERR_SHMSIZE = 4874;

  private Failures() {}

  /** What kind of thing stands in the way. */
  enum Kind {
    /** The work itself; other work can be stored. */
    WORK("", ""),
    /** Another connection holds the file. */
    LOCKED("another program holds a lock on helm.db", "end it (fuser helm.db names it)"),
    /** No space. */
    FULL("the disk is full", "free disk space"),
    /** The file system takes no writes. */
    READ_ONLY("the file system is read-only", "see dmesg for why, and mount it writable"),
    /**
     * The disk said that it failed, or the file is not what it was. After a failed fsync the kernel
     * calls pages clean that are not on disk, so that nothing said on this connection, nor a second
     * fsync, can be believed.
     */
    BROKEN(
        "the disk reported an error",
        "see dmesg and check the disk; the database is opened and checked anew every few seconds"),
    /** Anything else that is not the work's fault. */
    OTHER("something is in the way", "see to what it says, or look into the service's log");

    private final String what;
    private final String repair;

    Kind(String what, String repair) {
      this.what = what;
      this.repair = repair;
    }

    String text(String reason) {
      return "the event log cannot be written: "
          + what
          + " ("
          + reason
          + "). To mend it: "
          + repair
          + ". Nothing was stored; Helm goes on by itself";
    }
  }

  static Kind kind(Throwable failure) {
    return switch (failure) {
      case SQLiteException e ->
          e.getResultCode().code == IOERR_SHMSIZE
              ? Kind.FULL
              : kindOf(e.getResultCode().code & 0xff);
      case Database.DiskErrorException e -> Kind.BROKEN;
      case SQLException e -> Kind.OTHER;
      case Error e -> Kind.OTHER;
      default -> Kind.WORK;
    };
  }

  /**
   * What SQLite does not blame on the statement itself is taken to be of the environment, since a
   * wrong guess then costs a retry and not a lost event.
   */
  private static Kind kindOf(int code) {
    return switch (code) {
      case CONSTRAINT, MISMATCH, RANGE, TOO_BIG, ERROR -> Kind.WORK;
      case BUSY, LOCKED -> Kind.LOCKED;
      case FULL -> Kind.FULL;
      case READONLY -> Kind.READ_ONLY;
      case IOERR, CORRUPT, NOT_A_DB -> Kind.BROKEN;
      default -> Kind.OTHER;
    };
  }

  /** Whether nothing at all can be stored now. */
  static boolean ofEnvironment(Throwable failure) {
    return kind(failure) != Kind.WORK;
  }

  /** What callers see when nothing could be stored. */
  static LogUnavailableException unavailable(Throwable cause) {
    return new LogUnavailableException(text(cause), cause);
  }

  static String text(Throwable cause) {
    Kind kind = kind(cause);
    return (kind == Kind.WORK ? Kind.OTHER : kind).text(reason(cause));
  }

  static String reason(Throwable cause) {
    String message = cause.getMessage();
    return message == null ? cause.getClass().getSimpleName() : message;
  }
}
