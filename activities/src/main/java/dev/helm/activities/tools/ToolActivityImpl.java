package dev.helm.activities.tools;

import dev.helm.activities.run.Heart;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.RunStart.CallResult;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.decide.Gate;
import dev.helm.workflows.decide.ToolCall;
import dev.helm.workflows.decide.Verdict;
import io.temporal.activity.Activity;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Takes a tool call through gate, people and effect. The order is always: intent on disk, effect,
 * result on disk. Each step looks into the journal first and returns what an earlier attempt has
 * recorded; an effect that was started is attached to, never begun a second time.
 */
public final class ToolActivityImpl implements ToolActivity {
  /** Most of the model's text that a permission quotes as what led to it. */
  private static final int LED_CHARS_MAX = 2_000;

  private final RunLog log;
  private final Blobs blobs;
  private final Runs runs;
  private final Map<String, Effect> effects;
  private final Clock clock;

  ToolActivityImpl(RunLog log, Blobs blobs, Runs runs, Map<String, Effect> effects, Clock clock) {
    this.log = log;
    this.blobs = blobs;
    this.runs = runs;
    this.effects = Map.copyOf(effects);
    this.clock = clock;
  }

  @Override
  public Reply step(Request request) {
    CallContext context = context(request);
    String done = log.outcome(request.run(), journalKey(context));
    if (done != null) {
      return HelmJson.read(done, Reply.class);
    }
    try {
      return take(context, request);
    } catch (RunLog.KeyConflictException e) {
      // An attempt that Temporal had given up was first; what it recorded is what happened.
      String first = log.outcome(request.run(), journalKey(context));
      if (first == null) {
        throw e;
      }
      return HelmJson.read(first, Reply.class);
    }
  }

  private Reply take(CallContext context, Request request) {
    return switch (request.phase()) {
      case Phase.Asked asked -> started(context, 1) ? goOn(context, 1) : gate(context);
      case Phase.Decided decided ->
          started(context, 1) ? goOn(context, 1) : decided(context, decided.decision());
      case Phase.TimedOut timedOut -> timedOut(context, timedOut.waitId());
      case Phase.Answered answered -> answered(context, answered.answer());
      case Phase.Dropped dropped -> dropped(context, dropped);
    };
  }

  // ---- gate --------------------------------------------------------------------------------

  private Reply gate(CallContext context) {
    if (!context.wellFormed()) {
      return blocked(
          context,
          List.of(),
          "builtin",
          "The arguments are not a JSON object that has one meaning (valid Unicode, no integer"
              + " beyond 2^53); nothing was run.",
          null);
    }
    return switch (Gate.of(context.info().blueprint()).decide(context.call())) {
      case Verdict.Allow allow ->
          start(context, List.of(), new RunEvent.GatePass(allow.by(), allow.rule(), null), 1);
      case Verdict.Deny deny -> blocked(context, List.of(), deny.by(), deny.reason(), deny.rule());
      case Verdict.Ask ask -> ask(context, ask);
      case Verdict.Pass pass -> throw new IllegalStateException("a gate never passes");
    };
  }

  private Reply ask(CallContext context, Verdict.Ask ask) {
    String id = context.waitId('p', 1);
    Instant deadline = deadline(context);
    Runs.RequestedCall requested = requested(context.request());
    List<Fact> facts = new ArrayList<>();
    facts.add(
        context.fact(
            "asked",
            new RunEvent.PermissionRequested(
                id,
                context.toolUseId(),
                context.call().tool(),
                requested.arguments(),
                context.argumentsHash(),
                requested.object(),
                Cut.middle(runs.saidBefore(context.run(), context.toolUseId()), LED_CHARS_MAX),
                ask.rule(),
                deadline.toString(),
                context.info().blueprint().permissions().approvers())));
    return waits(context, facts, id, "permission", context.argumentsHash(), deadline);
  }

  // ---- people ------------------------------------------------------------------------------

  private Reply decided(CallContext context, Signals.Decide decision) {
    List<Fact> facts = decidedFacts(context, decision);
    if (!decision.allow()) {
      String reason = decision.reason();
      return blocked(
          context,
          facts,
          "person",
          reason == null || reason.isBlank() ? "A person denied this call." : reason,
          null);
    }
    if (!context.argumentsHash().equals(decision.argumentsHash())) {
      // What was shown is what is executed, or nothing is executed.
      return blocked(
          context,
          facts,
          "builtin",
          "The call is not the one that was allowed; nothing was run.",
          null);
    }
    return start(context, facts, new RunEvent.GatePass("person", null, decision.permissionId()), 1);
  }

  private List<Fact> decidedFacts(CallContext context, Signals.Decide decision) {
    RunEvent.PermissionDecided event =
        new RunEvent.PermissionDecided(
            decision.permissionId(),
            context.toolUseId(),
            decision.allow() ? "allow" : "deny",
            decision.by(),
            decision.device(),
            decision.reason(),
            context.argumentsHash());
    List<Fact> facts = new ArrayList<>();
    facts.add(context.fact("decided", event));
    facts.addAll(resumed(context, "decided"));
    return facts;
  }

  private Reply timedOut(CallContext context, String waitId) {
    List<Fact> facts = new ArrayList<>();
    if (waitId.startsWith("p")) {
      facts.add(
          context.fact(
              "decided",
              new RunEvent.PermissionDecided(
                  waitId,
                  context.toolUseId(),
                  "deny",
                  "timeout",
                  null,
                  "timed out",
                  context.argumentsHash())));
      facts.addAll(resumed(context, "decided"));
      return blocked(context, facts, "timeout", "timed out", null);
    }
    facts.add(
        context.fact("answered-" + waitId, new RunEvent.QuestionAnswered(waitId, null, "timeout")));
    facts.addAll(resumed(context, waitId));
    return finished(
        context,
        facts,
        waitId.startsWith("u")
            ? ToolEnd.failed("failed · outcome unknown", Unknowns.TOLD_AT_DEADLINE)
            : ToolEnd.failed("failed · nobody answered", "Nobody answered in time."),
        0);
  }

  private Reply answered(CallContext context, Signals.Answer answer) {
    List<Fact> facts = new ArrayList<>();
    facts.add(
        context.fact(
            "answered-" + answer.questionId(),
            new RunEvent.QuestionAnswered(
                answer.questionId(), blobs.content(answer.answer(), "text/plain"), answer.by())));
    facts.addAll(resumed(context, answer.questionId()));
    if (answer.questionId().startsWith("q")) {
      return finished(context, facts, ToolEnd.ok("answered by " + answer.by(), answer.answer()), 0);
    }
    return switch (answer.answer()) {
      case Unknowns.HAPPENED ->
          finished(
              context,
              facts,
              ToolEnd.ok("happened, says " + answer.by(), Unknowns.TOLD_HAPPENED),
              0);
      case Unknowns.AGAIN -> again(context, facts, answer);
      default -> {
        Reply stop = new Reply.Stop(answer.by());
        log.append(context.run(), facts, journalKey(context), HelmJson.write(stop));
        yield stop;
      }
    };
  }

  private Reply again(CallContext context, List<Fact> facts, Signals.Answer answer) {
    int attempt = attemptAfter(context, answer.questionId());
    return started(context, attempt)
        ? goOn(context, attempt)
        : start(
            context, facts, new RunEvent.GatePass("person", null, answer.questionId()), attempt);
  }

  private Reply dropped(CallContext context, Phase.Dropped dropped) {
    Signals.Decide decision = dropped.decision();
    String done = log.outcome(context.run(), context.key(decision == null ? "asked" : "decided"));
    if (done != null) {
      // The step had been taken, only its answer was lost.
      return HelmJson.read(done, Reply.class);
    }
    for (int attempt = Unknowns.ATTEMPTS_MAX; attempt > 0; attempt--) {
      if (started(context, attempt)) {
        // An attempt of the activity that died had begun it: it is found again and ended.
        return goOn(context, attempt);
      }
    }
    return blocked(
        context,
        decision == null ? List.of() : decidedFacts(context, decision),
        "person",
        dropped.reason(),
        null);
  }

  // ---- effect ------------------------------------------------------------------------------

  /** Commits the facts and the intent together, then acts. */
  private Reply start(CallContext context, List<Fact> facts, RunEvent.GatePass gate, int attempt) {
    Effect effect = effect(context);
    String prepared;
    // Getting ready may mean a new container, which takes longer than a heart may be silent.
    try (Heart heart = Heart.start(Activity.getExecutionContext(), () -> {})) {
      prepared = effect.prepare(context);
    }
    List<Fact> all = new ArrayList<>(facts);
    all.add(
        context.fact(
            "started-" + attempt,
            new RunEvent.ToolStarted(
                context.toolUseId(),
                context.call().tool(),
                context.argumentsHash(),
                gate,
                attempt)));
    if (effect instanceof AskPerson question) {
      return askPerson(context, all, question);
    }
    log.append(context.run(), all, startedKey(context, attempt), prepared);
    return act(context, attempt, prepared, false);
  }

  /** An earlier attempt of this activity began; its end may not have been seen. */
  private Reply goOn(CallContext context, int attempt) {
    String prepared =
        Objects.requireNonNull(log.outcome(context.run(), startedKey(context, attempt)));
    return act(context, attempt, prepared, true);
  }

  private Reply act(CallContext context, int attempt, String prepared, boolean attach) {
    Effect effect = effect(context);
    long beganNs = System.nanoTime();
    try (Heart heart =
        Heart.start(Activity.getExecutionContext(), () -> effect.interrupt(context, attempt))) {
      if (context.request().phase() instanceof Phase.Dropped) {
        heart.interrupt();
      }
      Effect.Result result =
          attach
              ? effect.attach(context, attempt, prepared, heart)
              : effect.run(context, attempt, prepared, heart);
      long tookMs = (System.nanoTime() - beganNs) / 1_000_000;
      return switch (result) {
        case Effect.Result.Ended ended -> {
          Reply reply = finished(context, List.of(), ended.end(), tookMs);
          if (ended.acknowledge() != null) {
            ended.acknowledge().run();
          }
          yield reply;
        }
        case Effect.Result.NotStarted notStarted ->
            retryable(context, attempt, "not started: " + notStarted.reason());
        case Effect.Result.Unknown unknown ->
            effect.repeatable()
                ? retryable(context, attempt, unknown.reason())
                : unknown(context, attempt, unknown.reason());
      };
    }
  }

  /** A new attempt with its own intent: the former one surely had no effect that counts. */
  private Reply retryable(CallContext context, int attempt, String reason) {
    if (attempt >= Unknowns.ATTEMPTS_MAX) {
      return finished(
          context,
          List.of(),
          ToolEnd.failed(
              "failed · the sandbox was lost", "The sandbox was lost again and again: " + reason),
          0);
    }
    int next = attempt + 1;
    RunEvent.GatePass gate = new RunEvent.GatePass("builtin", "repeat after loss", null);
    return started(context, next) ? goOn(context, next) : start(context, List.of(), gate, next);
  }

  private Reply unknown(CallContext context, int attempt, String reason) {
    String id = context.waitId('u', attempt);
    Instant deadline = deadline(context);
    List<Fact> facts =
        List.of(
            context.fact(
                "unknown-" + attempt,
                new RunEvent.ToolUnknown(
                    context.toolUseId(), context.call().tool(), reason, id, deadline.toString())));
    return waits(context, facts, id, "unknown", null, deadline);
  }

  private Reply askPerson(CallContext context, List<Fact> facts, AskPerson question) {
    String id = context.waitId('q', 1);
    Instant deadline = deadline(context);
    List<Fact> all = new ArrayList<>(facts);
    all.add(
        context.fact(
            "question",
            new RunEvent.QuestionAsked(
                id,
                context.toolUseId(),
                question.text(context.call()),
                question.options(context.call()),
                deadline.toString())));
    return waits(context, all, id, "question", null, deadline);
  }

  // ---- record ------------------------------------------------------------------------------

  private Reply waits(
      CallContext context,
      List<Fact> facts,
      String id,
      String reason,
      @Nullable String argumentsHash,
      Instant deadline) {
    List<Fact> all = new ArrayList<>(facts);
    if (context.request().alone()) {
      boolean permission = reason.equals("permission");
      all.add(
          context.fact(
              "paused-" + id,
              new RunEvent.RunPaused(
                  reason, null, permission ? id : null, permission ? null : id, null)));
    }
    Reply reply = new Reply.Waits(id, reason, argumentsHash, deadline.toEpochMilli());
    log.append(context.run(), all, journalKey(context), HelmJson.write(reply));
    return reply;
  }

  /** {@code run.resumed}, if the log says that the run waits for people. */
  private List<Fact> resumed(CallContext context, String name) {
    String waitingFor = context.info().waitingFor();
    return waitingFor != null && Unknowns.WAITS.contains(waitingFor)
        ? List.of(context.fact("resumed-" + name, new RunEvent.RunResumed(waitingFor, null)))
        : List.of();
  }

  private Reply blocked(
      CallContext context, List<Fact> facts, String by, String reason, @Nullable String rule) {
    List<Fact> all = new ArrayList<>(facts);
    all.add(
        context.fact(
            "blocked",
            new RunEvent.ToolBlocked(
                context.toolUseId(), context.call().tool(), by, reason, rule)));
    String told = by.equals("person") ? "Denied by a person: " + reason : "Not allowed: " + reason;
    Reply reply = new Reply.Done(new CallResult(context.toolUseId(), store(told), true));
    log.append(context.run(), all, journalKey(context), HelmJson.write(reply));
    return reply;
  }

  private Reply finished(CallContext context, List<Fact> facts, ToolEnd end, long tookMs) {
    List<Fact> all = new ArrayList<>(facts);
    int i = 0;
    for (String path : end.read()) {
      all.add(context.fact("read-" + i++, new RunEvent.FileRead(path, context.toolUseId())));
    }
    Content content = blobs.content(end.forModel(), "text/plain");
    all.add(
        context.fact(
            "finished",
            new RunEvent.ToolFinished(
                context.toolUseId(),
                context.call().tool(),
                end.outcome(),
                end.summary(),
                content,
                end.exitCode(),
                tookMs,
                end.bytes(),
                end.droppedBytes() == 0 ? null : end.droppedBytes())));
    i = 0;
    for (String path : end.changed()) {
      all.add(context.fact("changed-" + i++, new RunEvent.FileChanged(path, context.toolUseId())));
    }
    Reply reply =
        new Reply.Done(new CallResult(context.toolUseId(), store(end.forModel()), end.error()));
    log.append(context.run(), all, journalKey(context), HelmJson.write(reply));
    return reply;
  }

  private String store(String text) {
    return blobs.put(text.getBytes(StandardCharsets.UTF_8), "text/plain");
  }

  // ---- names -------------------------------------------------------------------------------

  private CallContext context(Request request) {
    Runs.RequestedCall requested = requested(request);
    String source = blobs.text(requested.arguments());
    ToolCall call;
    String hash;
    boolean wellFormed = true;
    try {
      // The hash is computed from what will be executed, not believed from the record.
      call = ToolCall.of(request.toolUseId(), requested.tool(), source);
      hash = call.argumentsHash();
    } catch (IllegalArgumentException e) {
      call = new ToolCall(request.toolUseId(), requested.tool(), source, Map.of());
      hash = call.argumentsHash();
      wellFormed = false;
    }
    return new CallContext(request, runs.info(request.run()), call, hash, wellFormed);
  }

  private Runs.RequestedCall requested(Request request) {
    Runs.RequestedCall requested = runs.requested(request.run(), request.toolUseId());
    if (requested == null) {
      throw new IllegalStateException(
          "run " + request.run() + " has no record of tool call " + request.toolUseId());
    }
    return requested;
  }

  private Effect effect(CallContext context) {
    return Objects.requireNonNull(
        effects.get(context.call().tool()), "the gate let an unknown tool pass");
  }

  private Instant deadline(CallContext context) {
    return Instant.ofEpochMilli(
        clock.millis() + context.info().blueprint().permissions().timeoutMs());
  }

  private boolean started(CallContext context, int attempt) {
    return log.outcome(context.run(), startedKey(context, attempt)) != null;
  }

  /** A person said "again" of the unknown attempt whose question this was. */
  private int attemptAfter(CallContext context, String questionId) {
    for (int attempt = 1; attempt < Unknowns.ATTEMPTS_MAX; attempt++) {
      if (context.waitId('u', attempt).equals(questionId)) {
        return attempt + 1;
      }
    }
    throw new IllegalStateException("no attempt of this call asked " + questionId);
  }

  private static String startedKey(CallContext context, int attempt) {
    return context.key("started-" + attempt);
  }

  private static String journalKey(CallContext context) {
    return switch (context.request().phase()) {
      case Phase.Asked asked -> context.key("asked");
      case Phase.Decided decided -> context.key("decided");
      case Phase.TimedOut timedOut -> context.key("timedOut-" + timedOut.waitId());
      case Phase.Answered answered -> context.key("answered-" + answered.answer().questionId());
      case Phase.Dropped dropped -> context.key("dropped");
    };
  }
}
