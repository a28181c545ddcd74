package dev.helm.service.whole;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Usd;
import dev.helm.api.event.LoggedEvent;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What has to be true of a run that was killed all the time, read from its log when it has ended.
 */
final class RunAudit {
  private final String run;
  private final JsonNode card;
  private final List<LoggedEvent> log;

  private RunAudit(String run, JsonNode card, List<LoggedEvent> log) {
    this.run = run;
    this.card = card;
    this.log = log;
  }

  static RunAudit read(Rest rest, String run) throws InterruptedException {
    return new RunAudit(run, rest.get("/api/runs/" + run).body(), log(rest, run));
  }

  static List<LoggedEvent> log(Rest rest, String run) throws InterruptedException {
    List<LoggedEvent> log = new ArrayList<>();
    while (true) {
      JsonNode page = rest.get("/api/runs/" + run + "/events?limit=500&after=" + log.size()).body();
      for (JsonNode item : page.path("items")) {
        log.add(HelmJson.read(item.toString(), LoggedEvent.class));
      }
      if (page.path("items").isEmpty()) {
        return log;
      }
    }
  }

  /** Numbers without a gap, each hash right and carried on. */
  void chainHolds() {
    String prev = LoggedEvent.NO_PREV;
    for (int i = 0; i < log.size(); i++) {
      LoggedEvent event = log.get(i);
      assertThat(event.seq()).as("seq of event " + i).isEqualTo(i + 1);
      assertThat(event.prev()).as("prev of seq " + event.seq()).isEqualTo(prev);
      assertThat(event.hash()).as("hash of seq " + event.seq()).isEqualTo(event.computedHash());
      prev = event.hash();
    }
    assertThat(card.path("events").asLong()).isEqualTo(log.size());
  }

  /** What a client was shown stands in the log, in its place. */
  void nothingAcknowledgedIsLost(List<Follower.Arrived> arrived, Set<String> decided) {
    for (Follower.Arrived event : arrived) {
      assertThat(log.get((int) event.seq() - 1).hash())
          .as("the event shown as seq " + event.seq())
          .isEqualTo(event.hash());
    }
    assertThat(arrived).as("the stream told all").hasSize(log.size());
    Set<String> inLog = new TreeSet<>();
    log.forEach(
        event -> {
          inLog.add(String.valueOf(event.data().get("permissionId")));
          if (event.type().equals("question.answered")) {
            inLog.add(String.valueOf(event.data().get("questionId")));
          }
        });
    assertThat(inLog).as("decisions that were acknowledged").containsAll(decided);
  }

  /** Exactly one of each per turn or call, whatever was retried. */
  void nothingIsToldTwice() {
    Map<String, Integer> ends = new HashMap<>();
    for (LoggedEvent event : log) {
      switch (event.type()) {
        case "run.created", "run.started", "run.finished" ->
            ends.merge(event.type(), 1, Integer::sum);
        case "tool.requested", "tool.finished", "tool.blocked", "turn.started", "model.message" ->
            ends.merge(
                event.type() + " " + event.data().get("toolUseId") + " " + event.data().get("turn"),
                1,
                Integer::sum);
        case "tool.started" ->
            ends.merge(
                "tool.started " + event.data().get("toolUseId") + event.data().get("attempt"),
                1,
                Integer::sum);
        default -> {}
      }
    }
    ends.forEach((what, count) -> assertThat(count).as(what).isEqualTo(1));
    assertThat(ends).containsKeys("run.created", "run.started", "run.finished");
  }

  /** Every start has a gate; every end and every effect had a start. */
  void everythingWasGated() {
    Map<String, LoggedEvent> started = new HashMap<>();
    Set<String> allowed = new TreeSet<>();
    for (LoggedEvent event : log) {
      String call = String.valueOf(event.data().get("toolUseId"));
      switch (event.type()) {
        case "permission.decided", "question.answered" -> {
          allowed.add(String.valueOf(event.data().get("permissionId")));
          allowed.add(String.valueOf(event.data().get("questionId")));
        }
        case "tool.started" -> {
          Map<?, ?> gate =
              event.data().get("gate") instanceof Map<?, ?> members ? members : Map.of();
          assertThat(gate.get("by")).as("gate of " + event).isIn("rule", "person", "builtin");
          if ("person".equals(gate.get("by"))) {
            assertThat(allowed).contains(String.valueOf(gate.get("permissionId")));
          }
          started.put(call, event);
        }
        case "tool.output", "tool.finished", "tool.unknown" ->
            assertThat(started).as(event.type() + " of seq " + event.seq()).containsKey(call);
        default -> {}
      }
    }
  }

  /**
   * Each token was acted on at most once, and once more for each time that a person said so; never
   * before its start was on disk; and what the log calls done was done.
   */
  void effectsHappenedOnce(List<Witness.Seen> seen, Person person) {
    Map<String, Instant> startOf = new HashMap<>();
    Map<String, String> tokenOf = new HashMap<>();
    Map<String, String> outcomeOf = new HashMap<>();
    for (LoggedEvent event : log) {
      String call = String.valueOf(event.data().get("toolUseId"));
      String token = tokenOf.get(call);
      switch (event.type()) {
        case "tool.requested" -> {
          String asked = Person.tokenIn(String.valueOf(event.data().get("arguments")));
          if (asked != null) {
            tokenOf.put(call, asked);
          }
        }
        case "tool.started" ->
            startOf.putIfAbsent(String.valueOf(token), Instant.parse(event.at()));
        case "tool.finished" ->
            outcomeOf.put(String.valueOf(token), String.valueOf(event.data().get("outcome")));
        default -> {}
      }
    }
    Map<String, Integer> count = new HashMap<>();
    for (Witness.Seen effect : seen) {
      assertThat(startOf).as("an effect with no start").containsKey(effect.token());
      assertThat(effect.at().plusMillis(1))
          .as("effect " + effect.token() + " against its start")
          .isAfterOrEqualTo(startOf.get(effect.token()));
      count.merge(effect.token(), 1, Integer::sum);
    }
    count.forEach(
        (token, times) ->
            assertThat(times)
                .as(
                    "times that "
                        + token
                        + " happened; a person said again "
                        + person.agains(token))
                .isLessThanOrEqualTo(1 + person.agains(token)));
    outcomeOf.forEach(
        (token, outcome) -> {
          if (outcome.equals("ok") && !token.equals("null")) {
            assertThat(count.getOrDefault(token, 0)).as(token + " is ok").isPositive();
          }
        });
  }

  /** The card's spend is the sum of the charges and below the cap. */
  void moneyAddsUp() {
    long sum = 0;
    for (LoggedEvent event : log) {
      if (event.type().equals("budget.charged")) {
        sum += Usd.parse(String.valueOf(event.data().get("amountUsd"))).micros();
      }
    }
    assertThat(Usd.parse(card.path("spentUsd").asText()).micros()).isEqualTo(sum);
    assertThat(sum).isLessThanOrEqualTo(Usd.parse(card.path("budgetUsd").asText()).micros());
  }

  /** The call that was between its start and its end at a moment, or null. */
  @Nullable String callAt(Instant moment) {
    String open = null;
    for (LoggedEvent event : log) {
      if (Instant.parse(event.at()).isAfter(moment)) {
        return open;
      }
      switch (event.type()) {
        case "tool.started" -> open = String.valueOf(event.data().get("toolUseId"));
        case "tool.finished", "tool.unknown" -> open = null;
        default -> {}
      }
    }
    return null;
  }

  String outcome() {
    return String.valueOf(log.getLast().data().get("outcome"));
  }

  /** One line an event, for the reader of a failure. */
  String story() {
    StringBuilder story = new StringBuilder("run " + run + " " + card + "\n");
    for (LoggedEvent event : log) {
      String data = HelmJson.write(event.data());
      story.append(
          "%4d %s %s %s%n"
              .formatted(
                  event.seq(),
                  event.at().substring(11),
                  event.type(),
                  data.substring(0, Math.min(data.length(), 260))));
    }
    return story.toString();
  }

  /** Tokens that stand in the files that runs appended to. */
  static List<Witness.Seen> inWorkspaces(Launched helm, Instant readAt) throws IOException {
    List<Witness.Seen> before = List.of();
    List<Witness.Seen> now = look(helm, readAt);
    // A workspace that is being moved may be met twice or not at all.
    while (!now.equals(before)) {
      before = now;
      now = look(helm, readAt);
    }
    return now;
  }

  private static List<Witness.Seen> look(Launched helm, Instant readAt) throws IOException {
    List<Witness.Seen> tokens = new ArrayList<>();
    for (String file : List.of("effects.txt", "rows.csv")) {
      helm.workspaceLines(file).stream()
          .map(Person::tokenIn)
          .filter(java.util.Objects::nonNull)
          .forEach(token -> tokens.add(new Witness.Seen(String.valueOf(token), readAt)));
    }
    return tokens;
  }
}
