package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityOptions;
import io.temporal.testing.TestActivityEnvironment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One step at a time for each run, first come, first served. */
@Timeout(60)
class CallTurnsTest {
  private final MemoryStore store = new MemoryStore(Plans.open(), "task");
  private final CallTurns turns = new CallTurns(store);

  private static ToolActivity.Request request(String run, String toolUseId) {
    return new ToolActivity.Request(run, 1, "main", toolUseId, "Bash", false, new Phase.Asked());
  }

  private static Reply done() {
    return new Reply.Stop("x");
  }

  /** What waits beats as an activity does, so it has to be one. */
  @ActivityInterface
  public interface Waiting {
    void step(String toolUseId);
  }

  private static Waiting waiting(Waiting implementation) {
    TestActivityEnvironment env = TestActivityEnvironment.newInstance();
    env.registerActivitiesImplementations(implementation);
    return env.newActivityStub(
        Waiting.class,
        ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofSeconds(60)).build());
  }

  @Test
  void stepsOfOneRunNeverOverlapAndThoseOfOthersDo() throws Exception {
    AtomicInteger atWork = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String id = "t" + i;
      Waiting step =
          waiting(
              toolUseId -> {
                Reply unused =
                    turns.inTurn(
                        request(MemoryStore.RUN, toolUseId),
                        false,
                        () -> {
                          most.accumulateAndGet(atWork.incrementAndGet(), Math::max);
                          Thread.yield();
                          atWork.decrementAndGet();
                          return done();
                        });
              });
      all.add(CompletableFuture.runAsync(() -> step.step(id), Thread::startVirtualThread));
    }
    for (CompletableFuture<Void> one : all) {
      one.get(30, TimeUnit.SECONDS);
    }
    assertThat(most.get()).isEqualTo(1);
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    CompletableFuture<Void> holds =
        CompletableFuture.runAsync(
            () -> {
              Reply unused =
                  turns.inTurn(
                      request(MemoryStore.RUN, "h"),
                      false,
                      () -> {
                        inside.countDown();
                        await(leave);
                        return done();
                      });
            },
            Thread::startVirtualThread);
    await(inside);
    assertThat(turns.inTurn(request("b".repeat(32), "o"), false, CallTurnsTest::done))
        .isEqualTo(done());
    leave.countDown();
    holds.get(30, TimeUnit.SECONDS);
  }

  /** One of several approvals is in the log at once, however long another call of the run works. */
  @Test
  void anApprovalIsNotedBehindNobody() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    CompletableFuture<Void> holds =
        CompletableFuture.runAsync(
            () -> {
              Reply unused =
                  turns.inTurn(
                      request(MemoryStore.RUN, "long"),
                      false,
                      () -> {
                        inside.countDown();
                        await(leave);
                        return done();
                      });
            },
            Thread::startVirtualThread);
    await(inside);
    Phase approved =
        new Phase.Approved(new Signals.Decide("d1", "p1", true, "h", null, "ann", null), 1, 2);
    ToolActivity.Request note =
        new ToolActivity.Request(MemoryStore.RUN, 1, "main/1", "t2", "Bash", false, approved);
    assertThat(turns.inTurn(note, false, Reply.Noted::new)).isEqualTo(new Reply.Noted());
    assertThat(holds).isNotDone();
    leave.countDown();
    holds.get(30, TimeUnit.SECONDS);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aCommandOfAFormerLifeIsWaitedForAndItsOwnCallIsLetIn() throws Exception {
    store.append(
        MemoryStore.RUN,
        List.of(
            new Fact(
                "old/begins",
                "main/1",
                new RunEvent.ToolStarted(
                    "old", "Bash", "h", new RunEvent.GatePass("rule", null, null), 1))));
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    Waiting fresh =
        waiting(
            toolUseId -> {
              Reply unused =
                  turns.inTurn(
                      request(MemoryStore.RUN, toolUseId),
                      false,
                      () -> {
                        order.add(toolUseId);
                        return done();
                      });
            });
    CompletableFuture<Void> waits =
        CompletableFuture.runAsync(() -> fresh.step("new"), Thread::startVirtualThread);
    Waiting attaching =
        waiting(
            toolUseId -> {
              Reply unused =
                  turns.inTurn(
                      request(MemoryStore.RUN, toolUseId),
                      true,
                      () -> {
                        order.add(toolUseId);
                        store.append(
                            MemoryStore.RUN,
                            List.of(
                                dev.helm.activities.store.RunLog.endOfOpen(
                                    "old/finished", "main/1", "old", "Bash")));
                        return done();
                      });
            });
    attaching.step("old");
    waits.get(30, TimeUnit.SECONDS);
    assertThat(order).containsExactly("old", "new");
  }

  /** A sub-agent that was ended from outside left a call open, and nobody attaches to it. */
  @Test
  void theEndOfASubagentDoesNotWaitForWhatItLeftOpen() throws Exception {
    store.append(
        MemoryStore.RUN,
        List.of(
            new Fact(
                "old/begins",
                "main/1",
                new RunEvent.ToolStarted(
                    "old", "Bash", "h", new RunEvent.GatePass("rule", null, null), 1))));
    for (Phase phase :
        List.of(new Phase.Returned("main/1", "failed", null), new Phase.TimedOut("q"))) {
      ToolActivity.Request end =
          new ToolActivity.Request(MemoryStore.RUN, 1, "main", "a1", "Agent", false, phase);
      Waiting ends =
          waiting(
              toolUseId -> {
                Reply unused = turns.inTurn(end, false, CallTurnsTest::done);
              });
      CompletableFuture.runAsync(() -> ends.step("a1"), Thread::startVirtualThread)
          .get(30, TimeUnit.SECONDS);
    }
  }
}
