package dev.helm.activities.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(25)
class LogActivityTest {
  private final MemoryStore store = new MemoryStore(Plans.open(), "task");

  @Test
  void anEngineThatHangsDoesNotHoldUpTheEnd() {
    CountDownLatch never = new CountDownLatch(1);
    LogActivityImpl activity =
        new LogActivityImpl(
            store,
            run -> {
              try {
                never.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    assertThat(activity.finish(MemoryStore.RUN, List.of(finished("succeeded"))).unread()).isEmpty();
    assertThat(store.types()).containsExactly("run.finished");
  }

  @Test
  void aRunThatHasToReadKeepsItsContainer() {
    CountDownLatch released = new CountDownLatch(1);
    store.queue("m1", "wait");
    LogActivityImpl activity = new LogActivityImpl(store, run -> released.countDown());
    assertThat(activity.finish(MemoryStore.RUN, List.of(finished("succeeded"))).unread())
        .containsExactly("m1");
    assertThat(store.types()).isEmpty();
    assertThat(released.getCount()).isEqualTo(1);
    assertThat(activity.finish(MemoryStore.RUN, List.of(finished("cancelled"))).unread()).isEmpty();
    assertThat(released.getCount()).isZero();
  }

  private static Fact finished(String outcome) {
    return new Fact("finished", "main", new RunEvent.RunFinished(outcome, null, null));
  }
}
