package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.event.Content;
import dev.helm.api.event.LoggedEvent;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Request and response bodies of {@code /api}, one record each. Times are ISO-8601 UTC. */
public final class Bodies {
  private Bodies() {}

  // ---- auth --------------------------------------------------------------------------------

  /** {@code POST /api/auth/login}. */
  public record LoginRequest(String username, String password, @Nullable String device) {
    @Override
    public String toString() {
      return "LoginRequest[username=" + username + ", password=[redacted]]";
    }
  }

  /** A JWT for 24 hours. */
  public record LoginResponse(String token, String expiresAt, User user) {
    @Override
    public String toString() {
      return "LoginResponse[token=[redacted], expiresAt=" + expiresAt + ", user=" + user + "]";
    }
  }

  /** A person. */
  public record User(String id, String name) {}

  /** {@code POST /api/auth/ticket}: {@code for} is {@code stream} or {@code download}. */
  public record TicketRequest(
      @com.fasterxml.jackson.annotation.JsonProperty("for") String purpose,
      @Nullable String path) {}

  /** A single-use query token, valid 60 s. */
  public record TicketResponse(String ticket, String expiresAt) {}

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

  /** {@code POST /api/runs}. {@code input} is an object that fits the blueprint's inputs. */
  public record StartRun(
      String blueprint,
      @Nullable Map<String, Object> input,
      @Nullable String name,
      @Nullable String prompt,
      @Nullable Usd budgetUsd) {}

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

  /** A page of a run's log; {@code last} is the newest seq of the run. */
  public record Events(List<LoggedEvent> items, long last) {}

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

  // ---- people ------------------------------------------------------------------------------

  /**
   * Something that waits for a person; {@code kind}: {@code permission question budget unknown}.
   * {@code arguments} is the exact JSON text of the call.
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record InboxItem(
      String id,
      String kind,
      String run,
      String runName,
      String project,
      long seq,
      String askedAt,
      String deadline,
      String otherwise,
      @Nullable String toolUseId,
      @Nullable String tool,
      @Nullable String object,
      @Nullable Content arguments,
      @Nullable String argumentsHash,
      @Nullable String reason,
      @Nullable String text,
      @Nullable List<String> options) {}

  /** {@code POST /api/permissions/{id}}; {@code argumentsHash} is required for allow. */
  public record Decide(
      String decision,
      @Nullable String argumentsHash,
      @Nullable Object arguments,
      @Nullable String reason,
      @Nullable Object remember) {}

  /**
   * {@code GET /api/permissions/{id}}, and the answer to a decision; {@code state}: {@code open
   * accepted decided expired}.
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Permission(
      String id, String run, String state, InboxItem item, @Nullable Winner winner) {}

  /** Who decided. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Winner(String decision, By by, String at) {}

  /** A person and, if known, the device. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record By(String user, @Nullable String device) {}

  /** {@code POST /api/questions/{id}}. */
  public record AnswerQuestion(String answer) {}

  /** The answer to {@code POST /api/questions/{id}} and to run controls. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Accepted(String id, String state) {}

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
