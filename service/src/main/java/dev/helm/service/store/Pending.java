package dev.helm.service.store;

import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A unit with its answer, which is given after the commit. */
final class Pending<T extends @Nullable Object> {
  private final UnitOfWork<T> work;
  final CompletableFuture<T> done = new CompletableFuture<>();
  private @Nullable Runnable answer;
  private @Nullable Throwable failure;

  Pending(UnitOfWork<T> work) {
    this.work = work;
  }

  /** False when the unit failed by its own fault. */
  boolean run(Tx tx) throws SQLException {
    try {
      T value = work.run(tx);
      tx.unitDone();
      answer = () -> done.complete(value);
      failure = null;
      return true;
    } catch (SQLException | RuntimeException e) {
      if (Failures.ofEnvironment(e)) {
        throw e;
      }
      answer = () -> done.completeExceptionally(e);
      failure = e;
      return false;
    }
  }

  /** What it failed with by its own fault when it last ran. */
  @Nullable Throwable failure() {
    return failure;
  }

  void runAlone(Tx tx) throws SQLException {
    tx.sql().update("SAVEPOINT unit");
    if (!run(tx)) {
      tx.sql().update("ROLLBACK TO unit");
      tx.unitUndone();
    }
    tx.sql().update("RELEASE unit");
  }

  void answer() {
    Runnable now = answer;
    if (now != null) {
      now.run();
    }
  }
}
