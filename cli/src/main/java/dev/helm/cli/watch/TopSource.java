package dev.helm.cli.watch;

import dev.helm.api.Usd;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.render.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Asks the service for what {@code helm top} shows; for one thread. */
final class TopSource {
  private static final int RUNS_MAX = 200;
  private static final int EVENTS_KEPT = 60;

  /** Most runs whose new events are read in one round: a busy service is not asked for all. */
  private static final int RUNS_READ = 6;

  private static final int EVENTS_AT_FIRST = 12;
  private static final int MONEY_EVERY_ROUNDS = 5;
  private static final Duration RATE_OVER = Duration.ofSeconds(10);

  private final HelmClient client;
  private final Map<String, Long> read = new HashMap<>();
  private final Map<String, Long> counted = new HashMap<>();
  private final Deque<Sample> samples = new ArrayDeque<>();
  private final List<LoggedEvent> newest = new ArrayList<>();
  private MoneyBodies.@Nullable Cap today;
  private String spentToday = "";
  private int round;

  private record Sample(Instant at, long events) {}

  TopSource(HelmClient client) {
    this.client = client;
  }

  /** One look at everything. */
  TopBoard look() {
    Bodies.Status status = client.status().as(Bodies.Status.class);
    List<DecisionBodies.InboxItem> inbox =
        client.inbox().items(DecisionBodies.InboxItem.class).stream()
            .sorted(Comparator.comparing(DecisionBodies.InboxItem::deadline))
            .toList();
    List<String> waiting = inbox.stream().map(DecisionBodies.InboxItem::run).distinct().toList();
    List<Bodies.Run> runs =
        client.runs(Map.of("status", "active"), RUNS_MAX).items(Bodies.Run.class).stream()
            .sorted(Comparator.comparing(run -> place(waiting, run.id())))
            .toList();
    Instant now = Instant.now();
    readNew(runs);
    if (round++ % MONEY_EVERY_ROUNDS == 0) {
      money();
    }
    return new TopBoard(now, status, runs, inbox, today, spentToday, newest, perSecond(now, runs));
  }

  private static int place(List<String> waiting, String run) {
    int at = waiting.indexOf(run);
    return at < 0 ? waiting.size() : at;
  }

  private void readNew(List<Bodies.Run> runs) {
    read.keySet().retainAll(runs.stream().map(Bodies.Run::id).toList());
    List<Bodies.Run> changed =
        runs.stream()
            .filter(run -> run.events() > read.getOrDefault(run.id(), 0L))
            .sorted(Comparator.comparing(Bodies.Run::createdAt).reversed())
            .limit(RUNS_READ)
            .toList();
    for (Bodies.Run run : changed) {
      long after = Math.max(read.getOrDefault(run.id(), 0L), run.events() - EVENTS_AT_FIRST);
      newest.addAll(client.events(run.id(), after, EVENTS_AT_FIRST).items(LoggedEvent.class));
      read.put(run.id(), run.events());
    }
    newest.sort(Comparator.comparing(LoggedEvent::at));
    if (newest.size() > EVENTS_KEPT) {
      newest.subList(0, newest.size() - EVENTS_KEPT).clear();
    }
  }

  /** By the runs' counts between looks; at the first look by the times of what was read. */
  private double perSecond(Instant now, List<Bodies.Run> runs) {
    boolean first = counted.isEmpty() && samples.isEmpty();
    long more = 0;
    for (Bodies.Run run : runs) {
      Long before = counted.put(run.id(), run.events());
      more += before == null ? (first ? 0 : run.events()) : Math.max(0, run.events() - before);
    }
    counted.keySet().retainAll(runs.stream().map(Bodies.Run::id).toList());
    samples.addLast(new Sample(now, more));
    while (samples.size() > 1 && samples.getFirst().at().isBefore(now.minus(RATE_OVER))) {
      samples.removeFirst();
    }
    if (first) {
      Instant from = now.minus(RATE_OVER);
      long recent =
          newest.stream()
              .map(event -> Times.instant(event.at()))
              .filter(at -> at != null && at.isAfter(from))
              .count();
      return (double) recent / RATE_OVER.toSeconds();
    }
    double seconds = Duration.between(samples.getFirst().at(), now).toMillis() / 1000.0;
    long events = samples.stream().skip(1).mapToLong(Sample::events).sum();
    return seconds < 0.5 ? 0 : events / seconds;
  }

  /** The service knows which day it has. */
  private Usd spent() {
    List<MoneyBodies.UsageRow> days = client.usageToday().items(MoneyBodies.UsageRow.class);
    return days.isEmpty() ? Usd.ZERO : days.getLast().costUsd();
  }

  /** The installation's cap on the day, else the one that is nearest to its end. */
  private void money() {
    try {
      today =
          client.caps().items(MoneyBodies.Cap.class).stream()
              .filter(cap -> cap.period().equals("day"))
              .min(
                  Comparator.comparing(
                          (MoneyBodies.Cap cap) -> cap.scope().equals("installation") ? 0 : 1)
                      .thenComparing(MoneyBodies.Cap::leftUsd))
              .orElse(null);
      spentToday = today == null ? spent().shown() : today.spentUsd().shown();
    } catch (Failure failure) {
      if (failure.exit() == ExitCode.UNREACHABLE || failure.exit() == ExitCode.NOT_LOGGED_IN) {
        throw failure;
      }
      // An older service has no such call; the dashboard lives without.
      today = null;
      spentToday = "";
    }
  }
}
