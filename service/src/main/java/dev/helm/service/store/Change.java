package dev.helm.service.store;

import java.sql.SQLException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What the request at work on this thread is about to change, as the audit log will tell it. Where
 * the change is in this database, {@link LogWriter#change} writes the entry in the change's own
 * transaction, so that neither exists without the other. What happens elsewhere, in a run's
 * workflow, is told before it is begun: {@link #begins}.
 */
public final class Change {
  private static final ThreadLocal<@Nullable Change> AT_WORK = new ThreadLocal<>();

  private final Made made;
  private final Runnable asked;
  private final BiConsumer<String, String> about;
  private boolean begun;
  private boolean done;

  /** Writes the entry in a transaction. */
  @FunctionalInterface
  public interface Made {
    /** An entry that is there already is left alone. */
    void write(Tx tx) throws SQLException;
  }

  /**
   * A change that is not yet made.
   *
   * @param made writes the entry that it was made
   * @param asked writes, and waits for, the entry that it was asked for; throws when it cannot
   * @param about adds a member to these entries
   */
  public Change(Made made, Runnable asked, BiConsumer<String, String> about) {
    this.made = made;
    this.asked = asked;
    this.about = about;
  }

  /** Has the entry say more of what is changed than its path does. */
  public static void about(String member, String text) {
    Change change = AT_WORK.get();
    if (change != null) {
      change.about.accept(member, text);
    }
  }

  /** The request at work on this thread makes this change; null for none. */
  public static void atWork(@Nullable Change change) {
    if (change == null) {
      AT_WORK.remove();
    } else {
      AT_WORK.set(change);
    }
  }

  static @Nullable Change atWork() {
    return AT_WORK.get();
  }

  /**
   * Something is about to happen outside of this database. Without an entry it does not.
   *
   * @throws dev.helm.activities.store.RunLog.LogUnavailableException when it cannot be told
   */
  public static void begins() {
    Change change = AT_WORK.get();
    if (change != null && !change.begun && !change.done) {
      change.asked.run();
      change.begun = true;
    }
  }

  /** Whether its entry is on disk, with it. */
  public boolean isDone() {
    return done;
  }

  /** The work and, if it changed anything, the entry about it. */
  <T extends @Nullable Object> T run(Tx tx, UnitOfWork<T> work, boolean[] told)
      throws SQLException {
    long before = changes(tx);
    T result = work.run(tx);
    told[0] = changes(tx) > before;
    if (told[0]) {
      made.write(tx);
    }
    return result;
  }

  private static long changes(Tx tx) throws SQLException {
    return tx.sql().number("SELECT total_changes()", 0);
  }

  void committed() {
    done = true;
  }
}
