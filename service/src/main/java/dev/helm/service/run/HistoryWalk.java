package dev.helm.service.run;

import dev.helm.api.Sha256;
import dev.helm.service.store.BundleStore;
import dev.helm.service.store.Times;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.history.v1.WorkflowExecutionStartedEventAttributes;
import io.temporal.common.WorkflowExecutionHistory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One look at all that a run's workflows left: the executions of each back to its first one, and
 * the children of each execution, whether it was kept before or not. A workflow counts as archived
 * only when all of that is kept.
 */
final class HistoryWalk {
  private static final Logger LOG = LoggerFactory.getLogger(HistoryWalk.class);
  private static final int WORKFLOWS_MAX = 1_000;
  private static final int EXECUTIONS_MAX = 10_000;
  private static final String GONE = "Temporal no longer had it when it was to be kept";

  private static final Set<EventType> ENDS =
      Set.of(
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
          EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED);

  private static final Set<Status.Code> AWAY =
      Set.of(Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED, Status.Code.CANCELLED);

  /** Where histories are. */
  @FunctionalInterface
  interface Source {
    /**
     * A history, or null when there is none.
     *
     * @param execution empty for the newest
     */
    @Nullable WorkflowExecutionHistory fetch(String workflow, String execution);
  }

  /**
   * What one execution leads to.
   *
   * @param previous the execution that it continues, or empty
   * @param closed whether it has ended
   * @param last whether no other execution continues it
   * @param lost why it could not be kept, or null
   */
  record Link(
      String execution,
      String previous,
      List<String> children,
      boolean closed,
      boolean last,
      @Nullable String lost) {
    static Link of(WorkflowExecutionHistory history, @Nullable String lost) {
      List<HistoryEvent> events = history.getEvents();
      WorkflowExecutionStartedEventAttributes start =
          events.getFirst().getWorkflowExecutionStartedEventAttributes();
      EventType end = events.getLast().getEventType();
      boolean last = ENDS.contains(end);
      return new Link(
          start.getOriginalExecutionRunId(),
          start.getContinuedExecutionRunId(),
          events.stream()
              .filter(HistoryEvent::hasChildWorkflowExecutionStartedEventAttributes)
              .map(
                  event ->
                      event
                          .getChildWorkflowExecutionStartedEventAttributes()
                          .getWorkflowExecution()
                          .getWorkflowId())
              .toList(),
          last || end == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
          last,
          lost);
    }
  }

  private sealed interface Outcome {
    record Whole() implements Outcome {}

    record Open() implements Outcome {}

    record Lost(String why) implements Outcome {}

    /** What is open is decided later; what is lost makes the whole incomplete. */
    default Outcome and(Outcome other) {
      return this instanceof Open || other instanceof Whole
          ? this
          : other instanceof Open || this instanceof Whole ? other : this;
    }
  }

  private static final Outcome OPEN = new Outcome.Open();

  private final String run;
  private final Source source;
  private final BundleStore bundles;
  private final Clock clock;
  private final int charsMax;
  private final Map<String, Link> links;
  private final Set<String> kept;
  private final Map<String, Outcome> found = new HashMap<>();

  /**
   * @param charsMax most characters of a history that is kept
   * @param links closed executions that were seen before
   */
  HistoryWalk(
      String run,
      Source source,
      BundleStore bundles,
      Clock clock,
      int charsMax,
      Map<String, Link> links) {
    this.run = run;
    this.source = source;
    this.bundles = bundles;
    this.clock = clock;
    this.charsMax = charsMax;
    this.links = links;
    this.kept =
        bundles.histories(run).stream()
            .map(BundleStore.History::execution)
            .collect(Collectors.toCollection(HashSet::new));
    for (BundleStore.Archived archived : bundles.archived(run)) {
      String why = archived.lost();
      found.put(
          archived.workflow(), why == null ? new Outcome.Whole() : new Outcome.Lost(why));
    }
  }

  /**
   * Keeps what a workflow left, once.
   *
   * @param over whether it was started and nothing new is to come after its last execution
   */
  void workflow(String workflow, boolean over) {
    guarded(workflow, over);
  }

  private Outcome outcome(String workflow, boolean over) {
    Outcome before = found.get(workflow);
    if (before != null) {
      return before;
    }
    if (found.size() >= WORKFLOWS_MAX) {
      return new Outcome.Lost("the run has more than " + WORKFLOWS_MAX + " workflows");
    }
    found.put(workflow, OPEN);
    Outcome outcome = chain(workflow, over);
    found.put(workflow, outcome);
    switch (outcome) {
      case Outcome.Whole _ -> bundles.archived(run, workflow, null);
      case Outcome.Lost lost -> bundles.archived(run, workflow, lost.why());
      case Outcome.Open _ -> {}
    }
    return outcome;
  }

  /** From the newest execution back to the first. */
  private Outcome chain(String workflow, boolean over) {
    Outcome all = new Outcome.Whole();
    String execution = "";
    for (int i = 0; i < EXECUTIONS_MAX; i++) {
      Link link = link(workflow, execution);
      if (link == null) {
        return all.and(over ? new Outcome.Lost(GONE) : OPEN);
      }
      if (!link.closed() || (execution.isEmpty() && !link.last())) {
        all = OPEN;
      }
      String lost = link.lost();
      if (lost != null) {
        all = all.and(new Outcome.Lost(lost));
      }
      for (String child : link.children()) {
        all = all.and(child(child));
      }
      execution = link.previous();
      if (execution.isEmpty()) {
        return all;
      }
    }
    return all.and(new Outcome.Lost("it has more than " + EXECUTIONS_MAX + " executions"));
  }

  private Outcome child(String child) {
    Outcome outcome = guarded(child, true);
    return outcome instanceof Outcome.Lost lost
        ? new Outcome.Lost("of its child " + child + ": " + lost.why())
        : outcome;
  }

  /** One that Temporal cannot give now keeps no other from being kept. */
  private Outcome guarded(String workflow, boolean over) {
    try {
      return outcome(workflow, over);
    } catch (StatusRuntimeException e) {
      if (AWAY.contains(e.getStatus().getCode())) {
        throw e;
      }
      LOG.info("the history of {} waits: {}", workflow, e.getStatus().getCode());
      return OPEN;
    }
  }

  private @Nullable Link link(String workflow, String execution) {
    if (!execution.isEmpty()) {
      Link known = links.get(execution);
      if (known != null) {
        return known;
      }
      if (kept.contains(execution)) {
        return stored(workflow, execution);
      }
    }
    WorkflowExecutionHistory history = source.fetch(workflow, execution);
    if (history == null) {
      return execution.isEmpty() ? storedEnd(workflow) : null;
    }
    Link link = Link.of(history, null);
    if (!link.closed()) {
      return link;
    }
    if (!kept.contains(link.execution())) {
      String why = keep(workflow, link.execution(), history);
      if (why == null) {
        kept.add(link.execution());
      } else {
        link = Link.of(history, why);
      }
    }
    links.put(link.execution(), link);
    return link;
  }

  private @Nullable Link stored(String workflow, String execution) {
    byte[] packed = bundles.history(run, workflow, execution);
    if (packed == null) {
      return null;
    }
    try (GZIPInputStream json = new GZIPInputStream(new ByteArrayInputStream(packed))) {
      String text = new String(json.readAllBytes(), StandardCharsets.UTF_8);
      Link link = Link.of(WorkflowExecutionHistory.fromJson(text), null);
      links.put(execution, link);
      return link;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The last execution of a workflow that Temporal forgot after it was kept. */
  private @Nullable Link storedEnd(String workflow) {
    for (BundleStore.History history : bundles.histories(run)) {
      if (history.workflow().equals(workflow)) {
        Link known = links.get(history.execution());
        Link link = known == null ? stored(workflow, history.execution()) : known;
        if (link != null && link.last()) {
          return link;
        }
      }
    }
    return null;
  }

  /** Why it could not be kept, or null. */
  private @Nullable String keep(
      String workflow, String execution, WorkflowExecutionHistory history) {
    String json = history.toJson(false);
    if (json.length() > charsMax) {
      LOG.warn("a history of run {} is too large to be kept", run);
      return "a history of " + json.length() + " characters is too large to be kept";
    }
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream packed = new ByteArrayOutputStream(bytes.length / 8 + 1024);
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    bundles.keep(
        run,
        new BundleStore.History(
            workflow, execution, Times.text(clock.instant()), bytes.length, Sha256.hex(bytes)),
        packed.toByteArray());
    return null;
  }
}
