package dev.helm.cli.render;

import dev.helm.api.Usd;
import dev.helm.api.event.Content;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
import dev.helm.api.stream.Frame;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a run's log says so far: the state that its lines and the footer are drawn from. */
public final class RunView {
  private static final String MAIN = "main";

  private static final int LIVE_CHARS_MAX = 16_384;

  private final Map<String, Call> calls = new LinkedHashMap<>();
  private final Map<String, Call> running = new LinkedHashMap<>();
  private final Map<String, RunEvent.PermissionRequested> permissions = new LinkedHashMap<>();
  private final Map<String, Content> askedFirst = new HashMap<>();
  private final Map<String, Question> questions = new LinkedHashMap<>();
  private final StringBuilder live = new StringBuilder();
  private int liveTurn;
  private int liveAttempt;
  private String name = "";
  private String status = "queued";
  private String finished = "";
  private boolean practice;
  private boolean startSeen;
  private long seq;
  private int turn;
  private Usd spent = Usd.ZERO;
  private Usd cap = Usd.ZERO;
  private final Map<String, Escalation> escalations = new HashMap<>();
  private final Map<String, String> askers = new HashMap<>();
  private @Nullable Instant began;
  private @Nullable Instant endedAt;
  private @Nullable Instant newest;

  /** A tool call. */
  public record Call(String toolUseId, String tool, String object) {}

  /** What the agent asks, or a call whose end nobody saw. */
  public record Question(
      String id,
      String text,
      List<String> options,
      String deadline,
      boolean unknown,
      boolean freeText,
      String agent) {}

  /** Roles that were told that a permission waits, and when. */
  public record Escalation(List<String> to, String at) {}

  /** Takes in the next event. */
  public void apply(LoggedEvent logged, RunEvent event) {
    seq = logged.seq();
    newest = Times.instant(logged.at());
    if (began == null) {
      began = newest;
    }
    switch (event) {
      case RunEvent.RunCreated e -> created(e);
      case RunEvent.RunStarted _ -> started();
      case RunEvent.RunPaused _ -> status = "paused";
      case RunEvent.RunResumed _ -> status = "running";
      case RunEvent.RunFinished e -> ended(e);
      case RunEvent.TurnStarted e -> turn(logged.agent(), e.turn());
      case RunEvent.ModelMessage _, RunEvent.ModelRetried _ -> liveEnds(logged.agent());
      case RunEvent.ToolRequested e ->
          calls.put(e.toolUseId(), new Call(e.toolUseId(), e.tool(), e.object()));
      case RunEvent.ToolBlocked e -> running.remove(e.toolUseId());
      case RunEvent.ToolStarted e -> running.put(e.toolUseId(), call(e.toolUseId(), e.tool()));
      case RunEvent.ToolOutput _ -> {}
      case RunEvent.ToolFinished e -> running.remove(e.toolUseId());
      case RunEvent.ToolUnknown e -> unknown(e, logged.agent());
      case RunEvent.PermissionRequested e -> {
        permissions.put(e.permissionId(), e);
        askedFirst.put(e.permissionId(), e.arguments());
        askers.put(e.permissionId(), logged.agent());
      }
      case RunEvent.PermissionDecided e -> {
        permissions.remove(e.permissionId());
        askedFirst.remove(e.permissionId());
      }
      case RunEvent.QuestionAsked e ->
          questions.put(
              e.questionId(),
              new Question(
                  e.questionId(),
                  e.text(),
                  e.options(),
                  e.deadline(),
                  false,
                  e.options().isEmpty() || Boolean.TRUE.equals(e.freeText()),
                  logged.agent()));
      case RunEvent.QuestionAnswered e -> questions.remove(e.questionId());
      case RunEvent.MessageQueued _, RunEvent.MessageRead _, RunEvent.MessageCancelled _ -> {}
      case RunEvent.FileChanged _, RunEvent.FileRead _ -> {}
      case RunEvent.EgressAllowed _, RunEvent.EgressDenied _, RunEvent.HookRan _ -> {}
      case RunEvent.McpConnected _, RunEvent.McpFailed _ -> {}
      case RunEvent.BudgetCharged e -> spent = spent.plus(e.amountUsd());
      case RunEvent.BudgetWarned e -> cap = e.scope() == null ? e.capUsd() : cap;
      case RunEvent.BudgetExhausted e -> cap = e.scope().equals("run") ? e.capUsd() : cap;
      case RunEvent.BudgetRaised e -> cap = e.capUsd();
      case RunEvent.LimitReached _, RunEvent.Unknown _ -> {}
      case RunEvent.PermissionApproved e -> approved(e);
      case RunEvent.PermissionReminded e -> {
        if (e.stage().equals("escalated")) {
          escalations.put(e.permissionId(), new Escalation(e.to(), logged.at()));
        }
      }
      case RunEvent.SnapshotTaken _, RunEvent.RunForked _ -> {}
      case RunEvent.RunRolledback _ -> takenUp();
      case RunEvent.SubagentSpawned _ -> {}
      case RunEvent.SubagentFinished e -> returned(e.subagent());
      case RunEvent.RunStalled _, RunEvent.NotificationSent _, RunEvent.BlobErased _ -> {}
    }
  }

  /** Whoever changes the arguments asks the others anew. */
  private void approved(RunEvent.PermissionApproved e) {
    RunEvent.PermissionRequested asked = permissions.get(e.permissionId());
    if (asked == null || e.arguments() == null || asked.argumentsHash().equals(e.argumentsHash())) {
      return;
    }
    permissions.put(
        e.permissionId(),
        new RunEvent.PermissionRequested(
            asked.permissionId(),
            asked.toolUseId(),
            asked.tool(),
            e.arguments(),
            e.argumentsHash(),
            asked.object(),
            asked.reason(),
            asked.rule(),
            asked.deadline(),
            asked.approvers(),
            asked.because(),
            asked.risk(),
            asked.recipients(),
            null,
            asked.remember(),
            null));
  }

  /** Takes in live text; a new turn or attempt begins anew. */
  public void apply(Frame.Delta delta) {
    if (!delta.type().equals("model.delta") || !delta.agent().equals(MAIN)) {
      return;
    }
    if (delta.turn() != liveTurn || delta.attempt() != liveAttempt) {
      live.setLength(0);
      liveTurn = delta.turn();
      liveAttempt = delta.attempt();
    }
    if (live.length() < LIVE_CHARS_MAX) {
      live.append(delta.text());
    }
  }

  /** The clock of lists and cards: from the start, before that from the creation. */
  private void started() {
    status = "running";
    if (!startSeen) {
      startSeen = true;
      began = newest;
    }
  }

  private void created(RunEvent.RunCreated e) {
    name = e.name();
    practice = e.practice();
    cap = e.budgetUsd() == null ? Usd.ZERO : e.budgetUsd();
  }

  /** The time in which it had ended is not its own. */
  private void takenUp() {
    if (began != null && endedAt != null && newest != null && newest.isAfter(endedAt)) {
      began = began.plus(Duration.between(endedAt, newest));
    }
    endedAt = null;
  }

  private void ended(RunEvent.RunFinished e) {
    endedAt = newest;
    finished = e.outcome();
    status = e.outcome();
    permissions.clear();
    questions.clear();
    running.clear();
    live.setLength(0);
  }

  /** Sub-agents have turns and words of their own; the head is about the main agent. */
  private void turn(String agent, int now) {
    if (agent.equals(MAIN)) {
      turn = now;
      live.setLength(0);
    }
  }

  private void liveEnds(String agent) {
    if (agent.equals(MAIN)) {
      live.setLength(0);
    }
  }

  /** What a sub-agent asked goes with it. */
  private void returned(String subagent) {
    questions.values().removeIf(question -> isOf(subagent, question.agent()));
    permissions.keySet().removeIf(id -> isOf(subagent, askers.getOrDefault(id, MAIN)));
  }

  private static boolean isOf(String subagent, String agent) {
    return (agent + "/").startsWith(subagent + "/");
  }

  private void unknown(RunEvent.ToolUnknown e, String agent) {
    Call call = call(e.toolUseId(), e.tool());
    questions.put(
        e.questionId(),
        new Question(
            e.questionId(),
            "Did " + call.tool() + " " + call.object() + " happen? " + e.reason(),
            List.of("happened", "again", "stop"),
            e.deadline(),
            true,
            false,
            agent));
    running.remove(e.toolUseId());
  }

  /** A call that was asked for, or one with a tool's name alone. */
  public Call call(String toolUseId, String tool) {
    return calls.getOrDefault(toolUseId, new Call(toolUseId, tool, ""));
  }

  /** The calls that were started and have not ended. */
  public List<Call> running() {
    return List.copyOf(running.values());
  }

  /** The permissions that wait for a person, oldest first. */
  public List<RunEvent.PermissionRequested> permissions() {
    return new ArrayList<>(permissions.values());
  }

  /** The arguments as the agent asked for them; null once it is decided. */
  @Nullable Content asked(String permissionId) {
    return askedFirst.get(permissionId);
  }

  /** Who else was told of a permission that waits; null for nobody. */
  public @Nullable Escalation escalation(String permissionId) {
    return escalations.get(permissionId);
  }

  /** The questions that wait for a person, oldest first. */
  public List<Question> questions() {
    return new ArrayList<>(questions.values());
  }

  /** The model's text as far as it has arrived, or an empty text. */
  public String liveText() {
    return live.toString();
  }

  public String name() {
    return name;
  }

  /** The wire's word for where the run stands. */
  public String status() {
    return status;
  }

  /** Paused as a person can: a run that waits for an answer is too, but no resume ends that. */
  public boolean pausedByPerson() {
    return status.equals("paused") && permissions().isEmpty() && questions().isEmpty();
  }

  /** The outcome, or an empty text while the run is active. */
  public String finished() {
    return finished;
  }

  public boolean practice() {
    return practice;
  }

  /** The newest event's number. */
  public long seq() {
    return seq;
  }

  /** The model's newest turn. */
  public int turn() {
    return turn;
  }

  /** {@code $0.42 / $5.00}. */
  public String money() {
    return cap.equals(Usd.ZERO) ? spent.shown() : spent.shown() + " / " + cap.shown();
  }

  /** When the run started, before that when it was created; null before the first event. */
  public @Nullable Instant began() {
    return began;
  }

  /** When the newest event was written, or null before the first. */
  public @Nullable Instant newest() {
    return newest;
  }
}
