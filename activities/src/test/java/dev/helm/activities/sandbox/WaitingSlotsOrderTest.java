package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One run's workspace cannot be moved: that is no other run's trouble. */
@Timeout(60)
final class WaitingSlotsOrderTest implements WaitingRuns, WaitingSlots.Release {
  private static final String STUCK = "a".repeat(32);
  private static final String FREE = "b".repeat(32);

  private final Map<String, LiveSlot> held = new ConcurrentHashMap<>();
  private final List<String> taken = new CopyOnWriteArrayList<>();
  private final AtomicInteger tries = new AtomicInteger();
  private volatile boolean repaired;
  private volatile boolean away;

  @Override
  public Duration patience() {
    return Duration.ZERO;
  }

  @Override
  public OptionalLong waitingMs(String run) {
    if (away) {
      tries.incrementAndGet();
      throw new IllegalStateException("the store is closed");
    }
    return OptionalLong.of(run.equals(STUCK) ? 100_000 : 50_000);
  }

  @Override
  public void takenBack(String run, String slot, String why) {}

  @Override
  public boolean release(String run, LiveSlot live, WaitingSlots.Still still) {
    assertThat(still.holds()).isTrue();
    if (run.equals(STUCK) && !repaired) {
      tries.incrementAndGet();
      throw new UncheckedIOException(new IOException("too many links"));
    }
    held.remove(run, live);
    taken.add(run);
    return true;
  }

  private void hold(String run, String slot) {
    SlotRecord kept = new SlotRecord(slot, run, "c", "s", "5".repeat(64));
    held.put(run, new LiveSlot(kept, SandboxLimits.DEFAULT));
  }

  @Test
  void aRunThatCannotBeMovedIsPassedOverAndTriedLater() throws Exception {
    hold(STUCK, "00000001");
    hold(FREE, "00000002");
    WaitingSlots slots = new WaitingSlots(this, held, this);
    await(slots::takeOne); // a slot settles first
    assertThat(taken).containsExactly(FREE);
    assertThat(tries).hasValueGreaterThanOrEqualTo(1);
    int soFar = tries.get();
    assertThat(slots.takeOne()).isFalse();
    assertThat(tries).hasValue(soFar);
    slots.start();
    try {
      await(() -> tries.get() > soFar);
      repaired = true;
      await(() -> taken.contains(STUCK));
    } finally {
      slots.close();
    }
  }

  /** A stop closes the store before the slots: nobody has to read a stack trace about it. */
  @Test
  void aLookThatFailsIsNotTheLast() throws Exception {
    away = true;
    repaired = true;
    hold(FREE, "00000003");
    WaitingSlots slots = new WaitingSlots(this, held, this);
    slots.start();
    try {
      await(() -> tries.get() > 0);
      away = false;
      await(() -> taken.contains(FREE));
    } finally {
      slots.close();
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(50);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(due);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
