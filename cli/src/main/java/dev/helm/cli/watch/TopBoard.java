package dev.helm.cli.watch;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.MoneyBodies;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code helm top} shows, as it was at one moment.
 *
 * @param runs active ones: those that wait for a person first, then the newest
 * @param inbox what waits, the nearest deadline first
 * @param today a cap on the day, or null when none is set
 * @param spentToday as people read it, or empty when it is not known
 * @param newest newest events of the active runs, the newest last
 * @param perSecond events of the active runs in each of the last seconds
 */
record TopBoard(
    Instant at,
    Bodies.Status status,
    List<Bodies.Run> runs,
    List<DecisionBodies.InboxItem> inbox,
    MoneyBodies.@Nullable Cap today,
    String spentToday,
    List<LoggedEvent> newest,
    double perSecond) {
  TopBoard {
    runs = List.copyOf(runs);
    inbox = List.copyOf(inbox);
    newest = List.copyOf(newest);
  }

  /** What waits in a run, the nearest deadline first. */
  List<DecisionBodies.InboxItem> waitingIn(String run) {
    return inbox.stream().filter(item -> item.run().equals(run)).toList();
  }
}
