package dev.helm.activities.run;

import io.temporal.activity.ActivityExecutionContext;
import io.temporal.client.ActivityCanceledException;
import io.temporal.client.ActivityCompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Beats for a working activity and hears through the beat that a person interrupts it. Closing
 * stops the beat.
 */
public final class Heart implements AutoCloseable {
  /** How often it beats; an interrupt is heard within about this time. */
  public static final long BEAT_MS = 500;

  private static final ScheduledExecutorService BEATS =
      Executors.newScheduledThreadPool(
          2, Thread.ofPlatform().daemon().name("helm-heart-", 0).factory());

  private final ActivityExecutionContext context;
  private final Runnable onInterrupt;
  private volatile boolean interrupted;
  private volatile boolean orphaned;
  private @Nullable ScheduledFuture<?> beat;

  private Heart(ActivityExecutionContext context, Runnable onInterrupt) {
    this.context = context;
    this.onInterrupt = onInterrupt;
  }

  /**
   * Starts to beat.
   *
   * @param onInterrupt called once, on another thread, when the work should end early
   */
  public static Heart start(ActivityExecutionContext context, Runnable onInterrupt) {
    Heart heart = new Heart(context, onInterrupt);
    heart.beat = BEATS.scheduleWithFixedDelay(heart::beat, BEAT_MS, BEAT_MS, TimeUnit.MILLISECONDS);
    return heart;
  }

  /** Whether a person interrupted the work. */
  public boolean interrupted() {
    return interrupted;
  }

  /** Interrupts the work as a person does who is heard through the beat; only the first counts. */
  public synchronized void interrupt() {
    if (!interrupted) {
      interrupted = true;
      Thread.startVirtualThread(onInterrupt);
    }
  }

  private void beat() {
    if (interrupted || orphaned) {
      return;
    }
    try {
      context.heartbeat(null);
    } catch (ActivityCanceledException e) {
      interrupt();
    } catch (ActivityCompletionException e) {
      // The attempt is over for Temporal. What it started goes on and is found by the next attempt.
      orphaned = true;
    } catch (RuntimeException e) {
      // The server is away; the next beat tries again.
    }
  }

  @Override
  public void close() {
    ScheduledFuture<?> running = beat;
    if (running != null) {
      running.cancel(false);
    }
  }
}
