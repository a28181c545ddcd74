package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.helm.api.Role;
import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.event.Content;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
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

  /** A JWT for 24 hours; {@code device}: id of the device that it is bound to, if any. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record LoginResponse(String token, String expiresAt, User user, @Nullable String device) {
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

  /** {@code POST /api/auth/password}: one's own. */
  public record ChangePassword(String password, String newPassword) {
    @Override
    public String toString() {
      return "ChangePassword[redacted]";
    }
  }

  /** {@code POST /api/auth/challenge}: the id of a paired device. */
  public record ChallengeRequest(String device) {}

  /** A text to be signed by a paired device, valid once within 60 s. */
  public record Challenge(String challenge, String expiresAt) {}

  /**
   * {@code POST /api/auth/refresh}. {@code signature}: base64 Ed25519 over the UTF-8 text {@code
   * helm-refresh-v1}, device, challenge, joined by newlines.
   */
  public record RefreshRequest(String device, String challenge, String signature) {}

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
      @Nullable List<String> options,
      @Nullable Boolean freeText,
      @Nullable Asked asked) {
    /** The same with a permission's arguments as they stand now, and what explains them. */
    public InboxItem with(
        @Nullable Content newArguments, @Nullable String newHash, Asked explained) {
      return new InboxItem(
          id,
          kind,
          run,
          runName,
          project,
          seq,
          askedAt,
          deadline,
          otherwise,
          toolUseId,
          tool,
          object,
          newArguments,
          newHash,
          reason,
          text,
          options,
          freeText,
          explained);
    }
  }

  /**
   * What a person needs to know of a permission beside the call itself. Members are absent where
   * there is nothing to say.
   *
   * @param rule the rule that asks, or the guard's words
   * @param because why people are asked, in words
   * @param risk what the call touches, a few words each
   * @param recipients who gets what it sends
   * @param diff what it would change in a file, as it was when it was asked
   * @param remember the rule that an allow could remember, and what that means
   * @param need how many different people must allow
   * @param approvals who has allowed the arguments that are shown, in order
   * @param editedBy who changed the arguments that are shown
   * @param stage {@code half} or {@code escalated} once people were reminded
   * @param escalatedTo roles that were told
   * @param escalatedAt when they were
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Asked(
      @Nullable String rule,
      @Nullable String because,
      @Nullable List<String> risk,
      @Nullable List<String> recipients,
      @Nullable Content diff,
      RunEvent.@Nullable Suggestion remember,
      int need,
      List<String> approvals,
      @Nullable String editedBy,
      @Nullable String stage,
      @Nullable List<String> escalatedTo,
      @Nullable String escalatedAt) {
    /** As a permission was asked: nobody has allowed it, nobody was reminded. */
    public static Asked of(RunEvent.PermissionRequested e) {
      return new Asked(
          e.rule(),
          e.because(),
          e.risk(),
          e.recipients(),
          e.diff(),
          e.remember(),
          e.approvers(),
          List.of(),
          null,
          null,
          null,
          null);
    }

    /** The same for arguments that these people allowed, with the change as far as it is known. */
    public Asked allowed(
        List<String> allowedBy, @Nullable Content change, @Nullable String changedBy) {
      return new Asked(
          rule,
          because,
          risk,
          recipients,
          change,
          remember,
          need,
          allowedBy,
          changedBy,
          stage,
          escalatedTo,
          escalatedAt);
    }

    /** The same once people were reminded. */
    public Asked reminded() {
      return reminded(stage == null ? "half" : stage, escalatedTo, escalatedAt);
    }

    /** The same once these roles were told, too. */
    public Asked escalated(List<String> to, String at) {
      return reminded("escalated", to, at);
    }

    private Asked reminded(String newStage, @Nullable List<String> told, @Nullable String toldAt) {
      return new Asked(
          rule,
          because,
          risk,
          recipients,
          diff,
          remember,
          need,
          approvals,
          editedBy,
          newStage,
          told,
          toldAt);
    }
  }

  /**
   * {@code POST /api/permissions/{id}}.
   *
   * @param argumentsHash of what was shown; required for allow
   * @param arguments what shall run instead, an object that fits the tool's schema; allow only
   * @param reason the agent reads it; it is also told of changed arguments
   * @param remember a rule for the calls to come; allow only
   */
  public record Decide(
      String decision,
      @Nullable String argumentsHash,
      @Nullable Object arguments,
      @Nullable String reason,
      @Nullable Remember remember) {}

  /**
   * What an allow leaves behind.
   *
   * @param scope {@code run}, or {@code blueprint} for all its runs, later versions too
   * @param rule must match the very call that is allowed
   * @param expiresAt ISO-8601 UTC by the service's clock; never, if absent
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Remember(String scope, String rule, @Nullable String expiresAt) {}

  /**
   * {@code GET /api/permissions/{id}}, and the answer to a decision; {@code state}: {@code open
   * accepted decided expired}.
   *
   * @param have how many people have allowed so far, where more than one must
   * @param need how many must
   * @param arguments exact JSON text of the arguments that people decided on, if they changed them
   * @param argumentsHash of the arguments that were decided on
   * @param remembered the rule that the decision left behind
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Permission(
      String id,
      String run,
      String state,
      InboxItem item,
      @Nullable Winner winner,
      @Nullable Integer have,
      @Nullable Integer need,
      @Nullable Content arguments,
      @Nullable String argumentsHash,
      RunEvent.@Nullable Remembered remembered) {}

  /**
   * A rule that a person had remembered; {@code state}: {@code active expired revoked}.
   *
   * @param run where it was remembered; with scope {@code run} the only run that it is for
   * @param permission the permission that was allowed with it
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record RememberedRule(
      String id,
      String rule,
      String scope,
      String state,
      String run,
      String blueprint,
      String project,
      String by,
      String permission,
      String rememberedAt,
      @Nullable String expiresAt,
      @Nullable String revokedAt,
      @Nullable String revokedBy) {}

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

  // ---- who may what ------------------------------------------------------------------------

  /** An answer with a secret that is shown once and kept nowhere. */
  public sealed interface ShownOnce {
    /** The same without its secret: what a repeated request gets. */
    ShownOnce withoutSecret();
  }

  /** A person with a role by project; project {@code *} is all of them. */
  public record Person(
      String id, String name, Map<String, Role> roles, boolean disabled, String createdAt) {
    public Person {
      roles = Map.copyOf(roles);
    }
  }

  /** {@code POST /api/users}. */
  public record NewPerson(String name, Map<String, Role> roles) {}

  /** A person and the one-time password, which is absent when the request is repeated. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record PersonMade(Person user, @Nullable String password) implements ShownOnce {
    @Override
    public PersonMade withoutSecret() {
      return new PersonMade(user, null);
    }

    @Override
    public String toString() {
      return "PersonMade[user=" + user + "]";
    }
  }

  /**
   * {@code PATCH /api/users/{id}}; what is absent stays. {@code roles}: by project, {@code none}
   * takes one away; projects that are not named keep theirs.
   */
  public record ChangePerson(@Nullable Map<String, String> roles, @Nullable Boolean disabled) {}

  /** A device that logged in; {@code paired}: it has a key and may refresh its token. */
  public record Device(
      String id,
      String name,
      User user,
      boolean paired,
      boolean current,
      String createdAt,
      String seenAt) {}

  /** {@code POST /api/devices}; {@code publicKey}: base64 of 32 bytes, Ed25519. */
  public record NewDevice(String name, String publicKey) {}

  /** A service token without its secret; {@code project} may be {@code *}. */
  public record ServiceToken(
      String id,
      String name,
      String project,
      Role role,
      String createdBy,
      String createdAt,
      String expiresAt) {}

  /** {@code POST /api/tokens}; {@code days}: 1 to 365, 90 if absent. */
  public record NewToken(String name, String project, Role role, @Nullable Integer days) {}

  /** A service token and its text, which is absent when the request is repeated. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record TokenMade(ServiceToken details, @Nullable String token) implements ShownOnce {
    @Override
    public TokenMade withoutSecret() {
      return new TokenMade(details, null);
    }

    @Override
    public String toString() {
      return "TokenMade[details=" + details + "]";
    }
  }

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
