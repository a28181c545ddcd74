package dev.helm.activities.run;

import dev.helm.activities.store.RunLog;
import dev.helm.workflows.Fact;
import dev.helm.workflows.LogActivity;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the workflow's own facts. */
public final class LogActivityImpl implements LogActivity {
  private static final Logger log = LoggerFactory.getLogger(LogActivityImpl.class);

  /** Longest that the end waits for the container engine. */
  private static final long RELEASE_MS = 5_000;

  private final RunLog runLog;
  private final RunEnding ending;

  /** With the log, and what to free at the end. */
  public LogActivityImpl(RunLog runLog, RunEnding ending) {
    this.runLog = runLog;
    this.ending = ending;
  }

  @Override
  public void append(String run, List<Fact> facts) {
    runLog.append(run, facts);
  }

  @Override
  public End finish(String run, List<Fact> facts) {
    List<String> unread = runLog.finish(run, facts);
    if (unread.isEmpty()) {
      release(run);
    }
    return new End(unread);
  }

  /** The run has ended; what is not freed soon the reaper frees when the engine answers again. */
  private void release(String run) {
    CompletableFuture<Void> released =
        CompletableFuture.runAsync(() -> ending.release(run), Thread::startVirtualThread);
    try {
      released.get(RELEASE_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.warn("run {} has ended, its container is left to the reaper: {}", run, e.toString());
    }
  }
}
