package dev.helm.service.store;

import dev.helm.api.RunId;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs and facts for tests. */
public final class StoreFixture {
  private StoreFixture() {}

  public static Blueprint blueprint(String name) {
    return blueprint(name, "default");
  }

  public static Blueprint blueprint(String name, String project) {
    return new Blueprint(
        name,
        "a test",
        project,
        "native",
        new Blueprint.Model("claude-sonnet-4-5", 8192),
        "Do it.",
        "Now.",
        Map.of("quarter", Map.of("type", "string")),
        List.of("Bash"),
        new Blueprint.Permissions(List.of(), List.of("Bash"), List.of(), 1000, 1),
        new Blueprint.Budget(new Usd(5_000_000), List.of(50, 80)),
        new Blueprint.Limits(200, 1000),
        new Blueprint.Egress(List.of()),
        new Blueprint.Sandbox("default", 1 << 30, 1000, 256));
  }

  public static RunQueries.NewRun newRun(Store store, long capMicros, @Nullable String key) {
    return newRun(store, RunId.random().value(), blueprint("demo"), capMicros, key);
  }

  private static RunQueries.NewRun newRun(
      Store store, String run, Blueprint blueprint, long capMicros, @Nullable String key) {
    Blueprint.Stored stored = store.blueprints().put(Access.system(), blueprint, "owner").stored();
    return new RunQueries.NewRun(
        run,
        "demo",
        stored,
        "u1",
        "owner",
        new Usd(capMicros),
        Map.of("quarter", "Q1"),
        "{\"quarter\":\"Q1\"}",
        null,
        false,
        key);
  }

  /** A new run's id. */
  public static String run(Store store) {
    return run(store, 5_000_000);
  }

  public static String run(Store store, long capMicros) {
    return store.queries().create(newRun(store, capMicros, null)).run().id();
  }

  /** A new run of this blueprint, which is stored first. */
  public static String run(Store store, Blueprint blueprint) {
    long cap = blueprint.budget().perRunUsd().micros();
    return store
        .queries()
        .create(newRun(store, RunId.random().value(), blueprint, cap, null))
        .run()
        .id();
  }

  /** The same blueprint with another budget. */
  public static Blueprint withBudget(Blueprint old, Blueprint.Budget budget) {
    return new Blueprint(
        old.name(),
        old.description(),
        old.project(),
        old.agent(),
        old.model(),
        old.instructions(),
        old.task(),
        old.inputs(),
        old.tools(),
        old.permissions(),
        budget,
        old.limits(),
        old.egress(),
        old.sandbox());
  }

  /** A new run of a project, from the project's own blueprint. */
  public static String runIn(Store store, String project) {
    return runIn(store, project, RunId.random().value());
  }

  /** The same with an id of one's own. */
  public static String runIn(Store store, String project, String run) {
    Blueprint blueprint = blueprint("of-" + project, project);
    return store.queries().create(newRun(store, run, blueprint, 5_000_000, null)).run().id();
  }

  public static Fact output(String key, String text) {
    return new Fact(key, "main", new RunEvent.ToolOutput("tu_1", Content.text(text), 0));
  }

  public static Fact turn(int turn) {
    return new Fact("turn/" + turn, "main", new RunEvent.TurnStarted(turn));
  }

  public static Fact finished() {
    return new Fact("finished", "main", new RunEvent.RunFinished("succeeded", null, null));
  }
}
