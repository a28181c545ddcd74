package dev.helm.service.store;

import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Bodies;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Creating, finding and reading runs, for REST and the stream. */
public interface RunQueries {
  /** Most items of a page. */
  int LIMIT_MAX = 1000;

  /**
   * Makes a run with its {@code run.created} event, in one transaction.
   *
   * @return the run; with a request key that made a run in the last 24 h, that run
   * @throws dev.helm.activities.store.RunLog.LogUnavailableException when nothing could be stored
   */
  Created create(NewRun run);

  /** The run, or null when there is none that is seen. */
  Bodies.@Nullable Run run(Access access, String run);

  /** Runs that are seen, newest first. */
  Bodies.Page<Bodies.Run> list(Access access, Filter filter);

  /** Runs that are seen and are queued, running or paused. */
  int activeRuns(Access access);

  /**
   * Ids of all runs that are queued, running or paused, oldest first. For Helm's own upkeep, never
   * for a person.
   */
  List<String> activeRunIds();

  /**
   * Runs at work with their last sign of life, for Helm's own upkeep. Told stalls and notifications
   * are no sign of life, and a run whose present silence was told is left out.
   */
  List<Quiet> quiet();

  /** The run whose id begins with {@code prefix}, among those that are seen. */
  Resolved resolve(Access access, String prefix);

  /**
   * A page of the log; empty for a run that is not seen.
   *
   * @param after last seq that the caller has, 0 for none
   * @param limit 1 to {@link #LIMIT_MAX}
   * @param types only these types; empty for all
   */
  Bodies.Events events(Access access, String run, long after, int limit, Set<String> types);

  /**
   * The blueprint version that the run keeps, with what was given at its start. For the run's
   * workflow, never for a person.
   */
  @Nullable Started started(String run);

  /**
   * A run to be made.
   *
   * @param run full id, made by the caller
   * @param principal id of the user who starts it; {@code by} is the name that people read
   * @param capUsd the run's cap
   * @param input values of the blueprint's inputs; {@code inputJson} is their exact source text
   * @param requestKey person, path and Idempotency-Key in one text, or null
   * @param schedule name of the schedule that starts it, null where a person does
   * @param scheduledAt the time that the schedule's fire stands for
   */
  record NewRun(
      String run,
      String name,
      Blueprint.Stored blueprint,
      String principal,
      String by,
      Usd capUsd,
      Map<String, Object> input,
      String inputJson,
      @Nullable String prompt,
      boolean practice,
      @Nullable String requestKey,
      @Nullable String schedule,
      @Nullable String scheduledAt) {
    /** Asked for by a person. */
    public NewRun(
        String run,
        String name,
        Blueprint.Stored blueprint,
        String principal,
        String by,
        Usd capUsd,
        Map<String, Object> input,
        String inputJson,
        @Nullable String prompt,
        boolean practice,
        @Nullable String requestKey) {
      this(
          run,
          name,
          blueprint,
          principal,
          by,
          capUsd,
          input,
          inputJson,
          prompt,
          practice,
          requestKey,
          null,
          null);
    }

    /** The same, started by a schedule. */
    public NewRun by(String name, String at) {
      return new NewRun(
          run,
          this.name,
          blueprint,
          principal,
          by,
          capUsd,
          input,
          inputJson,
          prompt,
          practice,
          requestKey,
          name,
          at);
    }
  }

  /**
   * A run at work.
   *
   * @param seq of its last event that counts
   * @param stallAfterMs silence after which it counts as stalled
   */
  record Quiet(String run, long seq, String at, String type, long stallAfterMs) {
    /** The key under which this silence is told, once. */
    public String key() {
      return "stalled/" + seq;
    }
  }

  /** The run, and whether this call made it. */
  record Created(Bodies.Run run, boolean fresh) {}

  /** What a run was started with. */
  record Started(
      Blueprint.Stored blueprint, int epoch, Map<String, Object> input, @Nullable String prompt) {}

  /**
   * Which runs.
   *
   * @param statuses empty for all
   * @param blueprint a name or {@code name@version}
   * @param q text that the name, the id, the blueprint or the prompt contains, ignoring case
   * @param found ids of runs that {@code q} stands for besides, as the search index knows
   * @param project a project's name
   * @param since oldest {@code createdAt}
   * @param until {@code createdAt} from which on runs are left out
   * @param limit 1 to {@link #LIMIT_MAX}
   * @param cursor {@code nextCursor} of the page before
   */
  record Filter(
      Set<RunStatus> statuses,
      @Nullable String blueprint,
      @Nullable String q,
      Set<String> found,
      @Nullable String project,
      @Nullable String since,
      @Nullable String until,
      int limit,
      @Nullable String cursor) {
    public Filter {
      statuses = Set.copyOf(statuses);
      found = Set.copyOf(found);
    }

    /** In all projects and at all times. */
    public Filter(
        Set<RunStatus> statuses,
        @Nullable String blueprint,
        @Nullable String q,
        int limit,
        @Nullable String cursor) {
      this(statuses, blueprint, q, Set.of(), null, null, null, limit, cursor);
    }
  }

  /** What an id or a prefix stands for. */
  sealed interface Resolved {
    /** Exactly one run. */
    record One(String run) implements Resolved {}

    /** No run. */
    record None() implements Resolved {}

    /** Several: the first ten of them. */
    record Ambiguous(List<String> runs) implements Resolved {}
  }
}
