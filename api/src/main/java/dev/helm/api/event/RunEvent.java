package dev.helm.api.event;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.helm.api.Usd;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What can happen in a run: one record per event type, whose components are the members of the
 * event's {@code data}. To add a type, add its record here and its line in {@link #TYPES}; a test
 * holds the two together.
 *
 * <p>Wire rules: components are only ever added, and added ones are nullable; times inside data are
 * ISO-8601 UTC strings; money is a decimal string; no fractions.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface RunEvent {

  // ---- the run -----------------------------------------------------------------------------

  /**
   * The run exists; nothing has been done yet. {@code input} is the exact JSON that was given,
   * {@code prompt} what a person told it, null where the blueprint has the task. Where a schedule
   * started it, {@code schedule} is its name and {@code scheduledAt} the time that it stands for.
   */
  record RunCreated(
      String name,
      String blueprint,
      String blueprintHash,
      String project,
      String by,
      @Nullable Usd budgetUsd,
      String model,
      boolean practice,
      Content input,
      int epoch,
      @Nullable String parent,
      @Nullable Long parentSeq,
      @Nullable Content prompt,
      @Nullable String schedule,
      @Nullable String scheduledAt)
      implements RunEvent {
    /** Started by a person, or a fork. */
    public RunCreated(
        String name,
        String blueprint,
        String blueprintHash,
        String project,
        String by,
        @Nullable Usd budgetUsd,
        String model,
        boolean practice,
        Content input,
        int epoch,
        @Nullable String parent,
        @Nullable Long parentSeq,
        @Nullable Content prompt) {
      this(
          name,
          blueprint,
          blueprintHash,
          project,
          by,
          budgetUsd,
          model,
          practice,
          input,
          epoch,
          parent,
          parentSeq,
          prompt,
          null,
          null);
    }
  }

  /** The workflow has begun to work. */
  record RunStarted(int epoch, @Nullable String image) implements RunEvent {}

  /** Nothing starts until {@code run.resumed}. {@code reason}: see DESIGN 6.1. */
  record RunPaused(
      String reason,
      @Nullable String by,
      @Nullable String permissionId,
      @Nullable String questionId,
      @Nullable String detail)
      implements RunEvent {}

  /** The run goes on. */
  record RunResumed(String reason, @Nullable String by) implements RunEvent {}

  /** The run's end; {@code outcome}: {@code succeeded failed cancelled}. */
  record RunFinished(String outcome, @Nullable String reason, @Nullable String by)
      implements RunEvent {}

  // ---- the model ---------------------------------------------------------------------------

  /** A model call is about to be made. */
  record TurnStarted(int turn) implements RunEvent {}

  /** The model's whole answer. */
  record ModelMessage(
      int turn,
      Content text,
      String model,
      String stopReason,
      String messageId,
      long inputTokens,
      long outputTokens,
      long cacheReadTokens,
      long cacheWriteTokens)
      implements RunEvent {}

  /** A model call failed and will be made again after {@code waitMs}. */
  record ModelRetried(int turn, int attempt, String reason, @Nullable Integer status, long waitMs)
      implements RunEvent {}

  // ---- tool calls --------------------------------------------------------------------------

  /**
   * The model asks for an action. {@code arguments} is the exact JSON source text; {@code object}
   * is the short form that surfaces show beside the tool's name.
   */
  record ToolRequested(
      String toolUseId,
      String tool,
      Content arguments,
      String argumentsHash,
      String object,
      int turn)
      implements RunEvent {}

  /** The gate refused; the model reads {@code reason} as an error result. */
  record ToolBlocked(String toolUseId, String tool, String by, String reason, @Nullable String rule)
      implements RunEvent {}

  /** The intent to act is on disk; only after this may the effect happen. */
  record ToolStarted(
      String toolUseId, String tool, String argumentsHash, GatePass gate, int attempt)
      implements RunEvent {}

  /** Output of a running call; {@code offset} counts its bytes from 0. */
  record ToolOutput(String toolUseId, Content text, long offset) implements RunEvent {}

  /** The call's end; {@code outcome}: {@code ok failed interrupted timedOut}. */
  record ToolFinished(
      String toolUseId,
      String tool,
      String outcome,
      String summary,
      Content result,
      @Nullable Integer exitCode,
      long durationMs,
      long bytes,
      @Nullable Long droppedBytes)
      implements RunEvent {}

  /** The call was started and nobody saw its end; a person is asked. */
  record ToolUnknown(
      String toolUseId, String tool, String reason, String questionId, String deadline)
      implements RunEvent {}

  /** Why a call may start; {@code by}: {@code rule person hook builtin}. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record GatePass(String by, @Nullable String rule, @Nullable String permissionId) {}

  // ---- people ------------------------------------------------------------------------------

  /**
   * The gate asks people. {@code reason} is the model's text that led to the call.
   *
   * @param because why people are asked, in words
   * @param risk what the call touches, a few words each
   * @param recipients who gets what it sends
   * @param diff what it would change, as a unified diff, or what it would hand out, as text; both
   *     of the moment of asking
   * @param remember what an allow could remember; null where no one rule would do
   * @param preview where {@code diff} comes from, if another tool was asked for it
   */
  record PermissionRequested(
      String permissionId,
      String toolUseId,
      String tool,
      Content arguments,
      String argumentsHash,
      String object,
      String reason,
      @Nullable String rule,
      String deadline,
      int approvers,
      @Nullable String because,
      @Nullable List<String> risk,
      @Nullable List<String> recipients,
      @Nullable Content diff,
      @Nullable Suggestion remember,
      @Nullable Preview preview)
      implements RunEvent {
    /** Without what explains the call. */
    public PermissionRequested(
        String permissionId,
        String toolUseId,
        String tool,
        Content arguments,
        String argumentsHash,
        String object,
        String reason,
        @Nullable String rule,
        String deadline,
        int approvers) {
      this(
          permissionId,
          toolUseId,
          tool,
          arguments,
          argumentsHash,
          object,
          reason,
          rule,
          deadline,
          approvers,
          null,
          null,
          null,
          null,
          null,
          null);
    }
  }

  /**
   * A preview: what a tool that only reads said of the call before people were asked.
   *
   * @param tool that was called with those of the arguments that it knows
   * @param sha256 of the text that was shown, lower-case hex; null when there is none
   * @param none why there is no preview, for people; null when there is one
   * @param durationMs how long it took, milliseconds
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Preview(String tool, @Nullable String sha256, @Nullable String none, long durationMs) {}

  /** What an allow could remember: the rule's text, and what it would mean in words. */
  record Suggestion(String rule, String text) {}

  /**
   * The one answer; {@code by} is a user's name or {@code timeout}.
   *
   * @param argumentsHash of the arguments that were decided on: those of {@code arguments} if there
   *     are any
   * @param arguments exact JSON text of the arguments as people changed them, null if they did not
   * @param remembered what is from now on allowed without asking
   */
  record PermissionDecided(
      String permissionId,
      String toolUseId,
      String decision,
      String by,
      @Nullable String device,
      @Nullable String reason,
      String argumentsHash,
      @Nullable Content arguments,
      @Nullable Remembered remembered)
      implements RunEvent {
    /** An answer to the call as it was asked, which remembers nothing. */
    public PermissionDecided(
        String permissionId,
        String toolUseId,
        String decision,
        String by,
        @Nullable String device,
        @Nullable String reason,
        String argumentsHash) {
      this(permissionId, toolUseId, decision, by, device, reason, argumentsHash, null, null);
    }
  }

  /** A rule that a person had remembered; {@code scope}: {@code run blueprint}. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Remembered(String ruleId, String scope, String rule, @Nullable String expiresAt) {}

  /** One of several approvers allowed; {@code permission.decided} follows when all have. */
  record PermissionApproved(
      String permissionId,
      String toolUseId,
      String by,
      @Nullable String device,
      String argumentsHash,
      @Nullable Content arguments,
      int have,
      int need)
      implements RunEvent {}

  /**
   * Nobody has decided yet; {@code stage}: {@code half} or {@code escalated}, {@code to}: roles
   * that are told.
   */
  record PermissionReminded(
      String permissionId, String toolUseId, String stage, List<String> to, String deadline)
      implements RunEvent {}

  /**
   * The agent asks people for input. {@code freeText}: whether other answers than the options are
   * welcome; null where there are no options.
   */
  record QuestionAsked(
      String questionId,
      String toolUseId,
      String text,
      List<String> options,
      String deadline,
      @Nullable Boolean freeText)
      implements RunEvent {}

  /** Somebody answered, or {@code by} is {@code timeout}. */
  record QuestionAnswered(String questionId, @Nullable Content answer, String by)
      implements RunEvent {}

  /** Steering text waits for the agent's next turn. */
  record MessageQueued(String messageId, Content text, String when, String by)
      implements RunEvent {}

  /** The agent reads it at {@code turn}. */
  record MessageRead(String messageId, int turn) implements RunEvent {}

  /** It was taken back before it was read. */
  record MessageCancelled(String messageId, String by) implements RunEvent {}

  // ---- files, network, money, limits -------------------------------------------------------

  /**
   * The workspace as it was then. {@code tree} names its content; {@code changed} counts paths that
   * differ from the snapshot before.
   */
  record SnapshotTaken(
      String snapshotId,
      @Nullable String toolUseId,
      String tree,
      long files,
      long bytes,
      long changed)
      implements RunEvent {}

  /**
   * Conversation, workspace and open permissions are again as they were at {@code toSeq}; {@code
   * undoSnapshotId} is the workspace as it was just before.
   */
  record RunRolledback(
      String snapshotId,
      String tree,
      long toSeq,
      int epoch,
      String by,
      String undoSnapshotId,
      String undoTree,
      long created,
      long changed,
      long deleted)
      implements RunEvent {}

  /** Another run began from this one's state at {@code atSeq}. */
  record RunForked(String child, String snapshotId, long atSeq, String by) implements RunEvent {}

  /**
   * A sub-agent begins; its events carry {@code subagent} as their agent. {@code prompt} is the
   * first message of its conversation, {@code kind} the name in the blueprint's {@code subAgents}
   * if one was asked for.
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record SubagentSpawned(
      String subagent,
      String toolUseId,
      String description,
      int depth,
      List<String> tools,
      Content prompt,
      @Nullable String kind)
      implements RunEvent {
    /** One that has no name in the blueprint. */
    public SubagentSpawned(
        String subagent,
        String toolUseId,
        String description,
        int depth,
        List<String> tools,
        Content prompt) {
      this(subagent, toolUseId, description, depth, tools, prompt, null);
    }
  }

  /** A sub-agent's end; {@code outcome}: {@code succeeded failed cancelled}. */
  record SubagentFinished(
      String subagent, String toolUseId, String outcome, @Nullable String reason)
      implements RunEvent {}

  /** Nothing was recorded since {@code since}, for {@code stallAfterMs}. */
  record RunStalled(String since, long stallAfterMs, String detail) implements RunEvent {}

  /** Somebody was told; {@code outcome}: {@code sent failed}. */
  record NotificationSent(
      String channel, String to, String about, String outcome, @Nullable String reason)
      implements RunEvent {}

  /** Content was erased; its hash stays. */
  record BlobErased(String sha256, long bytes, String by) implements RunEvent {}

  /** A tool wrote or removed a workspace file. */
  record FileChanged(String path, String toolUseId) implements RunEvent {}

  /** A tool read a workspace file; what a shell command reads is not observed. */
  record FileRead(String path, String toolUseId) implements RunEvent {}

  /**
   * A hook of the blueprint was asked or told.
   *
   * @param event as Claude Code's hook protocol names it, for example {@code PreToolUse}
   * @param hook its command in one line
   * @param outcome {@code passed allowed asked denied blocked changed failed}
   * @param reason what it gave as its reason; foreign text
   * @param arguments what it made of the call's arguments; null if it left them
   * @param argumentsHash of these
   * @param tookMs how long it took
   */
  record HookRan(
      String event,
      String hook,
      @Nullable String toolUseId,
      String outcome,
      @Nullable String reason,
      @Nullable Content arguments,
      @Nullable String argumentsHash,
      long tookMs)
      implements RunEvent {}

  /**
   * An MCP server answered, and this is what it offers.
   *
   * @param transport {@code stdio} or {@code http}
   * @param tools how many tools of it the run has
   * @param hash SHA-256 of its tool list
   * @param changed whether people have to look at the list before a tool of it is used
   * @param software what the server calls itself
   */
  record McpConnected(
      String server,
      String transport,
      int tools,
      String hash,
      boolean changed,
      @Nullable String software)
      implements RunEvent {}

  /** An MCP server could not be used, or was lost; the next call starts it anew. */
  record McpFailed(String server, @Nullable String toolUseId, String reason) implements RunEvent {}

  /** A connection out was let through. */
  record EgressAllowed(@Nullable String toolUseId, String host, int port) implements RunEvent {}

  /** A connection out was refused. */
  record EgressDenied(@Nullable String toolUseId, String host, int port, String reason)
      implements RunEvent {}

  /** A settled model call; {@code corrects} is the seq of the charge that it corrects. */
  record BudgetCharged(
      Usd amountUsd,
      String model,
      @Nullable String call,
      long inputTokens,
      long outputTokens,
      long cacheReadTokens,
      long cacheWriteTokens,
      @Nullable String reason,
      @Nullable Long corrects)
      implements RunEvent {}

  /**
   * Spend passed {@code percent} of a cap: the run's own, or, with {@code scope} and {@code
   * period}, one that many runs share.
   */
  record BudgetWarned(
      int percent, Usd spentUsd, Usd capUsd, @Nullable String scope, @Nullable String period)
      implements RunEvent {}

  /**
   * The next call does not fit under a cap. {@code scope}: {@code run}, {@code blueprint:NAME},
   * {@code project:NAME}, {@code account:NAME} or {@code installation}; {@code period}: {@code day
   * month total}, absent for a run. The run goes on once {@code neededUsd} is free.
   */
  record BudgetExhausted(
      String scope,
      Usd spentUsd,
      Usd capUsd,
      String detail,
      @Nullable String period,
      @Nullable Usd neededUsd)
      implements RunEvent {}

  /** A person raised the run's cap. */
  record BudgetRaised(Usd amountUsd, Usd capUsd, String by) implements RunEvent {}

  /** A limit of the blueprint or of Helm was reached. */
  record LimitReached(String limit, String detail) implements RunEvent {}

  /** An event type that this version does not know, kept as it is. */
  record Unknown(String type, Map<String, Object> data) implements RunEvent {}

  // ------------------------------------------------------------------------------------------

  /** Wire name of each type of this version. */
  Map<String, Class<? extends RunEvent>> TYPES =
      Map.ofEntries(
          Map.entry("run.created", RunCreated.class),
          Map.entry("run.started", RunStarted.class),
          Map.entry("run.paused", RunPaused.class),
          Map.entry("run.resumed", RunResumed.class),
          Map.entry("run.finished", RunFinished.class),
          Map.entry("turn.started", TurnStarted.class),
          Map.entry("model.message", ModelMessage.class),
          Map.entry("model.retried", ModelRetried.class),
          Map.entry("tool.requested", ToolRequested.class),
          Map.entry("tool.blocked", ToolBlocked.class),
          Map.entry("tool.started", ToolStarted.class),
          Map.entry("tool.output", ToolOutput.class),
          Map.entry("tool.finished", ToolFinished.class),
          Map.entry("tool.unknown", ToolUnknown.class),
          Map.entry("permission.requested", PermissionRequested.class),
          Map.entry("permission.decided", PermissionDecided.class),
          Map.entry("question.asked", QuestionAsked.class),
          Map.entry("question.answered", QuestionAnswered.class),
          Map.entry("message.queued", MessageQueued.class),
          Map.entry("message.read", MessageRead.class),
          Map.entry("message.cancelled", MessageCancelled.class),
          Map.entry("file.changed", FileChanged.class),
          Map.entry("file.read", FileRead.class),
          Map.entry("hook.ran", HookRan.class),
          Map.entry("mcp.connected", McpConnected.class),
          Map.entry("mcp.failed", McpFailed.class),
          Map.entry("egress.allowed", EgressAllowed.class),
          Map.entry("egress.denied", EgressDenied.class),
          Map.entry("budget.charged", BudgetCharged.class),
          Map.entry("budget.warned", BudgetWarned.class),
          Map.entry("budget.exhausted", BudgetExhausted.class),
          Map.entry("budget.raised", BudgetRaised.class),
          Map.entry("permission.approved", PermissionApproved.class),
          Map.entry("permission.reminded", PermissionReminded.class),
          Map.entry("snapshot.taken", SnapshotTaken.class),
          Map.entry("run.rolledback", RunRolledback.class),
          Map.entry("run.forked", RunForked.class),
          Map.entry("subagent.spawned", SubagentSpawned.class),
          Map.entry("subagent.finished", SubagentFinished.class),
          Map.entry("run.stalled", RunStalled.class),
          Map.entry("notification.sent", NotificationSent.class),
          Map.entry("blob.erased", BlobErased.class),
          Map.entry("limit.reached", LimitReached.class));

  /** The reverse of {@link #TYPES}. */
  Map<Class<? extends RunEvent>, String> NAMES =
      TYPES.entrySet().stream()
          .collect(Collectors.toUnmodifiableMap(Map.Entry::getValue, Map.Entry::getKey));

  /** The wire name of this event's type. */
  default String type() {
    return this instanceof Unknown unknown
        ? unknown.type()
        : Objects.requireNonNull(NAMES.get(getClass()), "an event type without a name");
  }
}
