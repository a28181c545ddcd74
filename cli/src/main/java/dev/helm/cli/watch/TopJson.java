package dev.helm.cli.watch;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.http.Json;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** A board of {@code helm top} as JSON. */
final class TopJson {
  private TopJson() {}

  static String of(TopBoard board) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("at", board.at().toString());
    tree.put("backend", board.status().backend());
    tree.put("activeRuns", board.status().activeRuns());
    tree.put("components", board.status().components().stream().map(TopJson::part).toList());
    tree.put("eventsPerSecond", String.format(Locale.ROOT, "%.1f", board.perSecond()));
    tree.put("spentToday", board.spentToday().replace("$", ""));
    if (board.today() != null) {
      tree.put("capToday", board.today().capUsd().toString());
      tree.put("capScope", board.today().scope());
    }
    tree.put("runs", board.runs().stream().map(run -> run(board, run)).toList());
    tree.put("newest", board.newest().stream().map(e -> Json.read(Watch.written(e))).toList());
    return Json.write(tree);
  }

  private static Map<String, Object> part(Bodies.Component part) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", part.name());
    tree.put("state", part.state());
    if (part.detail() != null) {
      tree.put("detail", part.detail());
    }
    return tree;
  }

  private static Map<String, Object> run(TopBoard board, Bodies.Run run) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("id", run.id());
    tree.put("name", run.name());
    tree.put("status", run.status().word());
    tree.put("spentUsd", run.spentUsd().toString());
    tree.put("budgetUsd", run.budgetUsd().toString());
    tree.put("events", run.events());
    tree.put(
        "waits",
        board.waitingIn(run.id()).stream()
            .map(item -> Map.of("id", item.id(), "kind", item.kind(), "deadline", item.deadline()))
            .toList());
    return tree;
  }
}
