package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.service.store.BundleStore;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import io.grpc.Status;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.ChildWorkflowExecutionStartedEventAttributes;
import io.temporal.api.history.v1.History;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.history.v1.WorkflowExecutionStartedEventAttributes;
import io.temporal.common.WorkflowExecutionHistory;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nothing counts as archived before all that belongs to it is kept. */
@Timeout(120)
class HistoryArchiveTest implements HistoryWalk.Source {
  private static final EventType DONE = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED;
  private static final EventType AGAIN =
      EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW;

  @TempDir Path home;

  private final Map<String, WorkflowExecutionHistory> histories = new HashMap<>();
  private final Map<String, String> newest = new HashMap<>();
  private final Set<String> failing = new HashSet<>();

  @Override
  public @Nullable WorkflowExecutionHistory fetch(String workflow, String execution) {
    if (failing.contains(workflow) || failing.contains(execution)) {
      throw Status.RESOURCE_EXHAUSTED.asRuntimeException();
    }
    return histories.get(execution.isEmpty() ? newest.getOrDefault(workflow, "") : execution);
  }

  private void add(
      String workflow, String execution, String previous, EventType end, String... children) {
    History.Builder history =
        History.newBuilder()
            .addEvents(
                HistoryEvent.newBuilder()
                    .setEventId(1)
                    .setEventType(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED)
                    .setWorkflowExecutionStartedEventAttributes(
                        WorkflowExecutionStartedEventAttributes.newBuilder()
                            .setOriginalExecutionRunId(execution)
                            .setContinuedExecutionRunId(previous)));
    for (String child : children) {
      history.addEvents(
          HistoryEvent.newBuilder()
              .setEventType(EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED)
              .setChildWorkflowExecutionStartedEventAttributes(
                  ChildWorkflowExecutionStartedEventAttributes.newBuilder()
                      .setWorkflowExecution(
                          WorkflowExecution.newBuilder().setWorkflowId(child))));
    }
    history.addEvents(HistoryEvent.newBuilder().setEventType(end));
    histories.put(execution, new WorkflowExecutionHistory(history.build(), workflow));
    newest.put(workflow, execution);
  }

  private static String ended(Store store) {
    String run = StoreFixture.run(store);
    store.log().append(run, List.of(StoreFixture.finished()));
    return run;
  }

  private HistoryArchive archive(Store store, int charsMax) {
    return new HistoryArchive(this, store, Clock.systemUTC(), charsMax);
  }

  private static List<String> kept(Store store, String run) {
    return store.bundles().histories(run).stream().map(BundleStore.History::execution).toList();
  }

  @Test
  void childrenAreKeptAlsoWhenTheirParentWasKeptBefore() {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = ended(store);
      String main = run + "-1";
      add(main, "e1", "", DONE, main + "-a", main + "-b");
      add(main + "-a", "a1", "", DONE);
      add(main + "-b", "b1", "", DONE);
      failing.add(main + "-a");
      archive(store, 100_000).round();
      assertThat(kept(store, run)).containsExactlyInAnyOrder("e1", "b1");
      assertThat(store.bundles().archived(run))
          .containsExactly(new BundleStore.Archived(main + "-b", null));
      failing.clear();
      archive(store, 100_000).round();
      assertThat(kept(store, run)).contains("a1");
      assertThat(store.bundles().archived(run)).hasSize(3).allMatch(one -> one.lost() == null);
    }
  }

  @Test
  void aChainIsWalkedThroughWhatWasKeptToItsBeginning() {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = ended(store);
      String main = run + "-1";
      add(main, "e1", "", AGAIN, main + "-a");
      add(main + "-a", "a1", "", DONE);
      add(main, "e2", "e1", AGAIN);
      add(main, "e3", "e2", DONE);
      failing.add("e1");
      archive(store, 100_000).round();
      assertThat(kept(store, run)).containsExactly("e3", "e2");
      assertThat(store.bundles().archived(run)).isEmpty();
      failing.clear();
      // Temporal has forgotten the newer ones meanwhile; they were kept.
      histories.remove("e3");
      histories.remove("e2");
      archive(store, 100_000).round();
      assertThat(kept(store, run)).containsExactly("e3", "e2", "e1", "a1");
      assertThat(store.bundles().archived(run)).hasSize(2).allMatch(one -> one.lost() == null);
    }
  }

  @Test
  void whatIsTooLargeOrGoneIsLostAndSoIsItsParent() {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = ended(store);
      String main = run + "-1";
      add(main, "e1", "", DONE, main + "-gone");
      archive(store, 100_000).round();
      assertThat(store.bundles().archived(run))
          .hasSize(2)
          .allMatch(one -> String.valueOf(one.lost()).contains("no longer had it"));
      String other = ended(store);
      add(other + "-1", "o1", "", DONE);
      archive(store, 10).round();
      assertThat(store.bundles().archived(other).getFirst().lost()).contains("too large");
    }
  }

  @Test
  void runsThatHaveToWaitKeepNoOtherFromBeingArchived() {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      for (int i = 0; i < 45; i++) {
        String run = ended(store);
        add(run + "-1", "x" + i, "", DONE);
        failing.add(run + "-1");
      }
      String last = ended(store);
      add(last + "-1", "good", "", DONE);
      HistoryArchive archive = archive(store, 100_000);
      for (int i = 0; i < 3; i++) {
        archive.round();
      }
      assertThat(store.bundles().archived(last)).hasSize(1);
    }
  }
}
