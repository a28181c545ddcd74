package dev.helm.service.store;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** What a new run is in the store: its row, the request that made it, its first event. */
final class NewRuns {
  private NewRuns() {}

  /** The run that the same request has made already, or null. */
  static @Nullable String known(Tx tx, RunQueries.NewRun run, String oldest) throws SQLException {
    String key = run.requestKey();
    if (key == null) {
      return null;
    }
    tx.sql().update("DELETE FROM run_requests WHERE created_at < ?", oldest);
    return tx.sql()
        .one("SELECT run FROM run_requests WHERE request_key = ?", row -> row.getString(1), key);
  }

  /** The row of a run that waits to start. */
  static void insert(Tx tx, RunQueries.NewRun run) throws SQLException {
    Blueprint blueprint = run.blueprint().blueprint();
    tx.sql()
        .update(
            "INSERT INTO runs (id, n, name, project, principal, by_name, blueprint,"
                + " blueprint_version, practice, input, prompt, epoch, status, cap_micros,"
                + " created_at) SELECT ?, coalesce(max(n), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1,"
                + " 'queued', ?, ? FROM runs",
            run.run(),
            run.name(),
            blueprint.project(),
            run.principal(),
            run.by(),
            blueprint.name(),
            run.blueprint().version(),
            run.practice(),
            HelmJson.write(run.input()),
            run.prompt(),
            run.capUsd().micros(),
            tx.now());
    if (run.requestKey() != null) {
      tx.sql()
          .update(
              "INSERT INTO run_requests (request_key, run, created_at) VALUES (?, ?, ?)",
              run.requestKey(),
              run.run(),
              tx.now());
    }
  }

  /** What a person told the run, for its log. */
  static @Nullable Content prompt(SqliteBlobs blobs, RunQueries.NewRun run) {
    String prompt = run.prompt();
    return prompt == null ? null : blobs.content(prompt, "text/plain");
  }

  /** The first event of a run of its own. */
  static Fact created(RunQueries.NewRun run, Content input, @Nullable Content prompt) {
    return created(run, input, prompt, null, null);
  }

  /** The first event; of a fork with its parent and the event that it was made at. */
  static Fact created(
      RunQueries.NewRun run,
      Content input,
      @Nullable Content prompt,
      @Nullable String parent,
      @Nullable Long parentSeq) {
    Blueprint blueprint = run.blueprint().blueprint();
    return new Fact(
        "1/run.created",
        "main",
        new RunEvent.RunCreated(
            run.name(),
            Blueprint.reference(blueprint.name(), run.blueprint().version()),
            run.blueprint().hash(),
            blueprint.project(),
            run.by(),
            run.capUsd(),
            blueprint.model().name(),
            run.practice(),
            input,
            1,
            parent,
            parentSeq,
            prompt,
            run.schedule(),
            run.scheduledAt()));
  }
}
