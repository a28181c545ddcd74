package dev.helm.service.run;

import dev.helm.api.RunId;
import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.service.Settings;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** The run of {@code longrun}: turn after turn one command that a rule denies. */
public final class LongRun {
  private LongRun() {}

  /** Puts the blueprint and creates a run of it, which is not started. */
  public static String create(Store store, int turns) {
    Blueprint blueprint =
        new Blueprint(
            "long",
            "",
            "default",
            "native",
            new Blueprint.Model("claude-sonnet-4-5", 1_000),
            "This is a long run.",
            "Go on until you are told to stop.",
            Map.of(),
            List.of("Bash"),
            new Blueprint.Permissions(List.of("Bash(forbidden*)"), List.of(), List.of(), 60_000, 1),
            new Blueprint.Budget(Usd.parse("5"), List.of(50)),
            new Blueprint.Limits(turns, TimeUnit.HOURS.toMillis(8)),
            new Blueprint.Egress(List.of()),
            new Blueprint.Sandbox("default", 1L << 30, 1_000, 256));
    Blueprint.Stored stored = store.blueprints().put(Access.system(), blueprint, "test").stored();
    String run = RunId.random().value();
    store
        .queries()
        .create(
            new RunQueries.NewRun(
                run,
                "long",
                stored,
                "u1",
                "test",
                Usd.parse("5"),
                Map.of(),
                "{}",
                null,
                true,
                null));
    return run;
  }

  public static RunStatus status(Store store, String run) {
    return Objects.requireNonNull(store.queries().run(Access.system(), run)).status();
  }

  /** A service without an engine, its model on this port of the machine. */
  static Settings settings(Path home, TemporalServer temporal, int modelPort) {
    return new Settings(
        home,
        "127.0.0.1",
        4356,
        temporal.address(),
        "",
        "http://127.0.0.1:" + modelPort,
        true,
        "",
        "");
  }
}
