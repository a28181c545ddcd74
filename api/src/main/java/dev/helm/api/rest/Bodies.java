package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.event.Content;
import dev.helm.api.event.LoggedEvent;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Request and response bodies of {@code /api}, one record each: of the system, its runs, blueprints
 * and audit. Those about decisions, files, money and people have classes of their own. Times are
 * ISO-8601 UTC.
 */
public final class Bodies {
  private Bodies() {}

  // ---- system ------------------------------------------------------------------------------

  /** {@code GET /api/health}. */
  public record Health(String status) {}

  /** {@code GET /api/status}; {@code backend}: {@code healthy degraded read-only}. */
  public record Status(
      String backend,
      int activeRuns,
      String version,
      boolean practice,
      List<Component> components) {}

  /** One part of the backend; {@code state}: {@code healthy degraded down absent}. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Component(String name, String state, @Nullable String detail) {}

  // ---- runs --------------------------------------------------------------------------------

  /**
   * {@code POST /api/runs}. {@code input} is an object that fits the blueprint's inputs; {@code
   * files} lie in the workspace before the agent begins.
   */
  public record StartRun(
      String blueprint,
      @Nullable Map<String, Object> input,
      @Nullable String name,
      @Nullable String prompt,
      @Nullable Usd budgetUsd,
      @Nullable List<StartFile> files) {
    /** With an empty workspace. */
    public StartRun(
        String blueprint,
        @Nullable Map<String, Object> input,
        @Nullable String name,
        @Nullable String prompt,
        @Nullable Usd budgetUsd) {
      this(blueprint, input, name, prompt, budgetUsd, null);
    }
  }

  /**
   * A file that a run begins with.
   *
   * @param path from the workspace's root
   * @param content its bytes in base64
   * @param executable whether it is a program; absent means that it is not
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record StartFile(String path, String content, @Nullable Boolean executable) {}

  /** A run as lists and cards show it. {@code waitingFor}: a pause's reason, absent else. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Run(
      String id,
      String name,
      RunStatus status,
      String blueprint,
      String project,
      String by,
      boolean practice,
      Usd budgetUsd,
      Usd spentUsd,
      long inputTokens,
      long outputTokens,
      long events,
      int epoch,
      String createdAt,
      @Nullable String startedAt,
      @Nullable String finishedAt,
      @Nullable String waitingFor,
      @Nullable String waitingSince,
      @Nullable String reason) {}

  /** A page of a list. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Page<T>(List<T> items, @Nullable String nextCursor) {}

  /**
   * A page of runs. {@code partial}: runs are missing whose events have the words, since there were
   * too many or the time was up.
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record RunPage(List<Run> items, @Nullable String nextCursor, boolean partial) {}

  /** A page of a run's log; {@code last} is the newest seq of the run. */
  public record Events(List<LoggedEvent> items, long last) {}

  /**
   * {@code GET /api/search}: events, newest first. {@code partial}: the time was up before all of
   * the index was looked through. {@code behind}: newest events of the log that cannot be found
   * yet.
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record SearchResult(
      List<SearchHit> items, @Nullable String nextCursor, boolean partial, long behind) {}

  /** An event that holds all the words. */
  public record SearchHit(
      String run,
      String runName,
      long seq,
      String type,
      String agent,
      String at,
      Snippet snippet) {}

  /** A piece of an event's text, with the places of the words that were looked for. */
  public record Snippet(String text, List<Mark> marks) {}

  /** From {@code start} up to and without {@code end}, in UTF-16 code units. */
  public record Mark(int start, int end) {}

  /** {@code POST /api/runs/{id}/messages}. */
  public record SendMessage(String text, @Nullable String when) {}

  /** A steering message; {@code state}: {@code queued read cancelled}. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Message(
      String id,
      Content text,
      String when,
      String by,
      String state,
      String queuedAt,
      @Nullable Integer readAtTurn) {}

  /** {@code POST /api/runs/{id}/budget}. */
  public record RaiseBudget(Usd addUsd) {}

  /** The answer to {@code POST /api/questions/{id}} and to run controls. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Accepted(String id, String state) {}

  /** The answer to {@code POST /api/stop}: the runs that pause, oldest first. */
  public record Stopped(List<StoppedRun> items) {
    public Stopped {
      items = List.copyOf(items);
    }
  }

  /**
   * One of them; {@code state}: {@code accepted}, {@code ended} if it was over by then, or {@code
   * rollback_under_way}: not told, ask again.
   */
  public record StoppedRun(String id, String name, String project, String state) {}

  // ---- audit -------------------------------------------------------------------------------

  /** A key that signs or signed; {@code publicKey} is PEM. */
  public record AuditKey(String keyId, String publicKey, String at) {}

  /** {@code GET /api/audit/key}: today's key, and all that ever signed, the newest first. */
  public record AuditKeys(String keyId, String publicKey, List<AuditKey> keys) {}

  /** Signed checkpoints of a chain; {@code last} is the highest seq among them. */
  public record Checkpoints(List<Checkpoint> items, long last) {}

  // ---- blueprints --------------------------------------------------------------------------

  /** A blueprint's newest version in a list. */
  public record BlueprintSummary(
      String name,
      int version,
      String hash,
      String description,
      String project,
      String createdAt) {}
}
