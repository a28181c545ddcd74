package dev.helm.activities.sandbox;

import java.io.ByteArrayOutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One attended effect: takes what the connection's reader gives it and hands it to the sink on a
 * thread of its own, so that a slow sink delays no other effect.
 */
final class Effect implements EffectHandle {
  /** What an effect asks of its host. */
  interface Line {
    void ack(Effect effect, long offsetBytes, boolean exit);

    void kill(Effect effect, boolean hard);

    void overdue(Effect effect);

    void done(Effect effect);
  }

  /** Time beyond the command's own deadline until the host kills, and until it gives up. */
  private static final long GRACE_MS = 3_000;

  private final EffectSpec spec;
  private final EffectSink sink;
  private final Line line;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final CompletableFuture<EffectExit> exit = new CompletableFuture<>();
  private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
  private long received;
  private boolean rewinding;
  private final AtomicReference<@Nullable ExecutorLine> startedOn = new AtomicReference<>();
  private volatile Kill wanted = Kill.NONE;
  private @Nullable EffectExit ended;
  private @Nullable Throwable failed;

  Effect(EffectSpec spec, EffectSink sink, Line line) {
    this.spec = spec;
    this.sink = sink;
    this.line = line;
    this.received = spec.offsetBytes();
  }

  EffectSpec spec() {
    return spec;
  }

  @Override
  public String key() {
    return spec.key();
  }

  @Override
  public CompletableFuture<EffectExit> exit() {
    return exit;
  }

  @Override
  public void acknowledge() {
    line.ack(this, receivedBytes(), true);
  }

  @Override
  public void kill(boolean hard) {
    wanted = hard || wanted == Kill.HARD ? Kill.HARD : Kill.SOFT;
    line.kill(this, hard);
  }

  /** True once for each line: who gets it sends the start there. */
  boolean beginOn(ExecutorLine next) {
    return startedOn.getAndSet(next) != next;
  }

  /** What was asked for, to be said again on a new line. */
  Kill wanted() {
    return wanted;
  }

  /** How an effect is to end before its time. */
  enum Kill {
    NONE,
    SOFT,
    HARD
  }

  void attend() {
    Thread.ofVirtual().name("effect-" + spec.key()).start(this::deliver);
  }

  long receivedBytes() {
    lock.lock();
    try {
      return received;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Says that a start is being sent from {@link #receivedBytes}: frames of an earlier attach may
   * still be in flight and run ahead of it; they are ignored until the executor has gone back.
   */
  long rewind() {
    lock.lock();
    try {
      rewinding = true;
      return received;
    } finally {
      lock.unlock();
    }
  }

  void output(long offset, byte[] data) throws ProtocolViolation {
    lock.lock();
    try {
      if (data.length == 0) {
        throw new ProtocolViolation("output without bytes");
      }
      if (offset > received) {
        if (rewinding) {
          return;
        }
        throw new ProtocolViolation("gap in the output of an effect");
      }
      rewinding = false;
      long end = offset + data.length;
      if (end > spec.command().capBytes()) {
        throw new ProtocolViolation("more output than was asked for");
      }
      if (end > received && ended == null && failed == null) {
        int known = (int) (received - offset);
        pending.write(data, known, data.length - known);
        received = end;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  void ended(EffectExit result) throws ProtocolViolation {
    lock.lock();
    try {
      if (result.keptBytes() != received) {
        if (rewinding) {
          return;
        }
        throw new ProtocolViolation("exit with another length than the output");
      }
      ended = result;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void fail(Throwable cause) {
    lock.lock();
    try {
      if (failed == null) {
        failed = cause;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void deliver() {
    long dueMs = nowMs() + spec.command().deadlineMs() + GRACE_MS;
    int overdue = 0;
    try {
      while (true) {
        switch (next(dueMs)) {
          case Step.Output(long offset, byte[] bytes) -> {
            sink.output(offset, bytes);
            line.ack(this, offset + bytes.length, false);
          }
          case Step.Due _ -> {
            dueMs = nowMs() + GRACE_MS;
            if (overdue++ == 0) {
              kill(true);
            } else {
              line.overdue(this);
            }
          }
          case Step.Failed(Throwable cause) -> throw cause;
          case Step.Over(EffectExit result) -> {
            line.done(this);
            exit.complete(result);
            return;
          }
        }
      }
    } catch (Throwable e) {
      line.done(this);
      exit.completeExceptionally(e);
    }
  }

  /** What there is to do next; waits until there is something. */
  private Step next(long dueMs) throws InterruptedException {
    lock.lock();
    try {
      while (pending.size() == 0 && ended == null && failed == null && nowMs() < dueMs) {
        boolean unused = changed.await(dueMs - nowMs(), TimeUnit.MILLISECONDS);
      }
      if (failed != null) {
        return new Step.Failed(failed);
      }
      if (pending.size() > 0) {
        byte[] bytes = pending.toByteArray();
        pending.reset();
        return new Step.Output(received - bytes.length, bytes);
      }
      return ended != null ? new Step.Over(ended) : new Step.Due();
    } finally {
      lock.unlock();
    }
  }

  private sealed interface Step {
    record Output(long offset, byte[] bytes) implements Step {}

    record Over(EffectExit result) implements Step {}

    record Failed(Throwable cause) implements Step {}

    record Due() implements Step {}
  }

  private static long nowMs() {
    return System.nanoTime() / 1_000_000;
  }
}
