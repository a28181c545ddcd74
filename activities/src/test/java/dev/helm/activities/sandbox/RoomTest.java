package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class RoomTest {
  @Test
  void thoseBeyondTheLimitLeaveNoRoomBehind() {
    Room room = new Room(1);
    room.enter();
    room.enter();
    assertThat(room.tryEnter()).isFalse();
    room.leave();
    assertThat(room.tryEnter()).isFalse();
    room.leave();
    assertThat(room.tryEnter()).isTrue();
    assertThat(room.tryEnter()).isFalse();
  }

  @Test
  void aRunsLockExcludesAndIsForgotten() throws Exception {
    RunLocks locks = new RunLocks();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch go = new CountDownLatch(1);
    Stream<Thread> started =
        IntStream.range(0, 64)
            .mapToObj(
                i ->
                    Thread.ofVirtual()
                        .start(
                            () -> {
                              try {
                                go.await();
                                locks.exclusively(
                                    "run",
                                    () -> {
                                      most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                                      Thread.yield();
                                      return inside.decrementAndGet();
                                    });
                              } catch (IOException | InterruptedException e) {
                                most.set(99);
                              }
                            }));
    var threads = started.toList();
    go.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(most).hasValue(1);
    assertThatThrownBy(
            () ->
                locks.exclusively(
                    "other",
                    () -> {
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");
    assertThat(locks.size()).isZero();
  }
}
