package dev.helm.activities.tools;

import dev.helm.activities.images.SandboxImages;
import dev.helm.activities.run.Heart;
import dev.helm.activities.sandbox.EngineUnavailable;
import dev.helm.activities.sandbox.NoEngine;
import dev.helm.activities.sandbox.SandboxException;
import dev.helm.activities.sandbox.SandboxLost;
import dev.helm.activities.sandbox.SandboxRefused;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import io.temporal.activity.Activity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The effect of a call that may happen. The order is always: intent on disk, effect, result on
 * disk; an effect that was started is attached to, never begun a second time.
 */
final class CallEffect {
  private static final String BUILDING = SandboxImages.BUILDING;

  /** Refusals of the sandbox that pass by themselves. */
  private static final Set<String> PASSING = Set.of("full", "superseded", BUILDING);

  /** Refusals after which nobody can say whether the effect happened. */
  private static final Set<String> UNKNOWN = Set.of("hash_mismatch", "bad_offset", "already_ended");

  /** Most attempts of one step at getting a container that goes away as it is made. */
  private static final int LOST_MAX = 20;

  /** Most attempts at finding the offset of output that another attempt is committing. */
  private static final int OFFSETS_MAX = 3;

  /** Most questions of one attempt. */
  private static final int QUESTIONS_MAX = 100;

  private final CallRecord record;
  private final Effects effects;
  private final CallAgents agents;

  CallEffect(CallRecord record, Effects effects, CallAgents agents) {
    this.record = record;
    this.effects = effects;
    this.agents = agents;
  }

  /** Why this call can never be carried out as it is, or null; no person is asked about it. */
  @Nullable String refusal(CallContext context) {
    return switch (effects.of(context.info(), context.call().tool())) {
      case AskPerson question -> question.refusal(context.call());
      case SpawnAgent spawn -> agents.refusal(context, true);
      case Publish publish -> publish.refusal(context);
      case null -> null;
      default -> spawnsElsewhere(context) ? agents.refusal(context, false) : null;
    };
  }

  /** Whether the call has the agent's own runtime begin a sub-agent. */
  private static boolean spawnsElsewhere(CallContext context) {
    return context.call().tool().equals(SpawnAgent.NAME);
  }

  /** Why the arguments do not fit the tool, or null; a tool that there is not the gate refuses. */
  @Nullable String mistakes(CallContext context) {
    return effects.of(context.info(), context.call().tool()) == null
        ? null
        : text(effects.mistakes(context.info(), context.call()));
  }

  private static @Nullable String text(List<ArgumentsCheck.Mistake> mistakes) {
    return mistakes.isEmpty()
        ? null
        : mistakes.stream()
            .map(m -> m.path().isEmpty() ? m.message() : m.path() + ": " + m.message())
            .collect(Collectors.joining("; "));
  }

  /** How the tool is found, if it is from elsewhere; finding out may take long. */
  ToolSource.Look look(CallContext context) {
    try (Heart heart = Heart.start(Activity.getExecutionContext(), () -> {})) {
      return effects.tools().look(context.info(), context.call().tool());
    }
  }

  /** People were shown what has changed of the tool, and allowed the call. */
  void accept(CallContext context) {
    String shown = record.shown(context);
    if (shown != null) {
      effects.tools().accept(context.info(), context.call().tool(), shown);
    }
  }

  /** Why the call cannot begin with the tool as it is now, or null. */
  private @Nullable String notAsAccepted(CallContext context) {
    return switch (effects.tools().look(context.info(), context.call().tool())) {
      case ToolSource.Look.Same same -> null;
      case ToolSource.Look.Gone gone -> gone.reason();
      case ToolSource.Look.Changed changed ->
          changed.because() + "; make the call again, and people are asked.";
    };
  }

  /** Whether the call can only look, so that the workspace is as it was. */
  boolean reads(CallContext context) {
    return effect(context).touch() == Effect.Touch.NOTHING;
  }

  /** Whether the call may be made twice without harm. */
  boolean repeatable(CallContext context) {
    return effect(context).repeatable();
  }

  /** Whether the call can change files without telling which. */
  boolean shell(CallContext context) {
    return effect(context).touch() == Effect.Touch.UNTOLD;
  }

  /** Commits the facts and the intent together, then acts. */
  Reply start(CallContext context, List<Fact> facts, RunEvent.GatePass gate, int attempt) {
    Effect effect = effect(context);
    String refusal = refusal(context);
    if (refusal != null) {
      return notBegun(context, facts, attempt, "builtin", refusal);
    }
    String prepared;
    String changed;
    boolean interrupted;
    // Getting ready may mean a new container, which takes longer than a heart may be silent.
    try (Heart heart = Heart.start(Activity.getExecutionContext(), () -> {})) {
      changed = notAsAccepted(context);
      prepared = changed == null ? prepared(effect, context, attempt) : "";
      interrupted = heart.interrupted();
    } catch (SandboxException e) {
      if (e instanceof SandboxRefused refused && refused.code().equals("full")) {
        record.waitsForContainer(context, CallRecord.NO_CONTAINER_FREE);
      } else if (e instanceof SandboxRefused refused && refused.code().equals(BUILDING)) {
        record.waitsForContainer(context, String.valueOf(e.getMessage()));
      }
      if (mayPass(e)) {
        throw e;
      }
      return notBegun(context, facts, attempt, "builtin", String.valueOf(e.getMessage()));
    }
    if (interrupted) {
      return notBegun(
          context, facts, attempt, "person", "A person interrupted before it was started.");
    }
    if (changed != null) {
      return notBegun(context, facts, attempt, "builtin", changed);
    }
    List<Fact> all = new ArrayList<>(facts);
    all.addAll(record.containerCame(context));
    all.add(record.began(context, gate, attempt));
    if (effect instanceof AskPerson question) {
      return askPerson(context, all, question);
    }
    if (effect instanceof SpawnAgent) {
      return agents.spawn(context, all);
    }
    if (spawnsElsewhere(context)) {
      RunEvent.SubagentSpawned spawned = agents.spawned(context, all);
      prepared = spawned.subagent();
    }
    record.starts(context, all, attempt, prepared);
    return act(context, attempt, prepared, false);
  }

  private String prepared(Effect effect, CallContext context, int attempt) {
    String before = attempt > 1 ? record.prepared(context, attempt - 1) : null;
    return before == null ? effect.prepare(context) : effect.prepareAgain(context, before);
  }

  /** An earlier attempt of this activity began; its end may not have been seen. */
  Reply goOn(CallContext context, int attempt) {
    return act(context, attempt, Objects.requireNonNull(record.prepared(context, attempt)), true);
  }

  /**
   * What a call at work had asked was answered, or was not in time.
   *
   * @param answer null when nobody answered
   */
  Reply answered(
      CallContext context, List<Fact> facts, String questionId, @Nullable String answer) {
    Asked asked = asked(context, questionId);
    record.notes(context, facts);
    return act(
        context,
        asked.attempt(),
        (effect, heart) ->
            effect.answered(context, asked.attempt(), asked.number(), answer, heart));
  }

  /** Whether a question of this call is one that it asks in the course of its work. */
  boolean asksAtWork(CallContext context, String questionId) {
    return questionId.startsWith("q")
        && !(effects.of(context.info(), context.call().tool()) instanceof AskPerson);
  }

  private record Asked(int attempt, int number) {}

  private static Asked asked(CallContext context, String questionId) {
    for (int attempt = 1; attempt <= Unknowns.ATTEMPTS_MAX; attempt++) {
      for (int number = 1; number <= QUESTIONS_MAX; number++) {
        if (questionId(context, attempt, number).equals(questionId)) {
          return new Asked(attempt, number);
        }
      }
    }
    throw new IllegalStateException("no attempt of this call asked " + questionId);
  }

  private static String questionId(CallContext context, int attempt, int number) {
    return context.waitId('q', attempt * 1_000 + number);
  }

  private Reply asks(CallContext context, int attempt, Effect.Result.Asks asks) {
    String id = questionId(context, attempt, asks.number());
    Instant deadline = record.deadline(context);
    RunEvent event =
        new RunEvent.QuestionAsked(
            id,
            context.toolUseId(),
            record.scrubber(context).text(asks.text()),
            asks.options(),
            CallRecord.text(deadline),
            asks.options().isEmpty() ? null : asks.freeText());
    return record.waits(
        context, List.of(context.fact("question-" + id, event)), id, "question", null, deadline);
  }

  /** Goes on with what began, or begins it. */
  Reply startOrGoOn(CallContext context, List<Fact> facts, RunEvent.GatePass gate, int attempt) {
    return record.started(context, attempt)
        ? goOn(context, attempt)
        : start(context, facts, gate, attempt);
  }

  private Reply notBegun(
      CallContext context, List<Fact> facts, int attempt, String by, String reason) {
    if (attempt == 1) {
      return record.blocked(context, facts, by, reason, null);
    }
    ToolEnd end =
        by.equals("person")
            ? ToolEnd.interrupted(reason)
            : ToolEnd.failed("failed · not started again", reason);
    return record.finished(context, facts, end, 0);
  }

  private Reply act(CallContext context, int attempt, String prepared, boolean attach) {
    return act(
        context,
        attempt,
        (effect, heart) -> result(effect, context, attempt, prepared, attach, heart));
  }

  /** What an effect is made to do in a step. */
  private interface Step {
    Effect.Result of(Effect effect, Heart heart);
  }

  private Reply act(CallContext context, int attempt, Step step) {
    Effect effect = effect(context);
    long beganNs = System.nanoTime();
    try (Heart heart =
        Heart.start(Activity.getExecutionContext(), () -> effect.interrupt(context, attempt))) {
      if (dropped(context)) {
        heart.interrupt();
      }
      Effect.Result result = step.of(effect, heart);
      long tookMs = (System.nanoTime() - beganNs) / 1_000_000;
      return switch (result) {
        case Effect.Result.Ended ended -> {
          Reply reply = record.finished(context, List.of(), ended.end(), tookMs);
          if (ended.acknowledge() != null) {
            ended.acknowledge().run();
          }
          yield reply;
        }
        case Effect.Result.Asks asks -> asks(context, attempt, asks);
        case Effect.Result.NotStarted notStarted ->
            retryable(context, attempt, "not started: " + notStarted.reason());
        case Effect.Result.Unknown unknown ->
            effect.repeatable()
                ? retryable(context, attempt, unknown.reason())
                : unknown(context, attempt, unknown.reason());
      };
    }
  }

  private static Effect.Result result(
      Effect effect,
      CallContext context,
      int attempt,
      String prepared,
      boolean attach,
      Heart heart) {
    for (int offsets = 1; ; offsets++) {
      try {
        return attach || offsets > 1
            ? effect.attach(context, attempt, prepared, heart)
            : effect.run(context, attempt, prepared, heart);
      } catch (SandboxException e) {
        if (mayPass(e)) {
          throw e;
        }
        boolean offset = e instanceof SandboxRefused refused && refused.code().equals("bad_offset");
        if (!offset || offsets == OFFSETS_MAX) {
          return refused(e);
        }
      }
    }
  }

  private static Effect.Result refused(SandboxException e) {
    String why = String.valueOf(e.getMessage());
    return e instanceof SandboxRefused refused && UNKNOWN.contains(refused.code())
        ? new Effect.Result.Unknown(why)
        : new Effect.Result.Ended(ToolEnd.failed("failed · the sandbox refused it", why), null);
  }

  /** Whether the same step may succeed later without a person doing anything. */
  private static boolean mayPass(SandboxException e) {
    return switch (e) {
      case EngineUnavailable unavailable -> true;
      case NoEngine none -> false;
      case SandboxRefused refused -> PASSING.contains(refused.code());
      case SandboxLost lost -> Activity.getExecutionContext().getInfo().getAttempt() < LOST_MAX;
    };
  }

  /** A new attempt with its own intent: the former one surely had no effect that counts. */
  private Reply retryable(CallContext context, int attempt, String reason) {
    if (dropped(context)) {
      // It was to be ended, and there is nothing left to end.
      return record.finished(context, List.of(), ToolEnd.interrupted(reason), 0);
    }
    if (attempt >= Unknowns.ATTEMPTS_MAX) {
      return record.finished(
          context,
          List.of(),
          ToolEnd.failed(
              "failed · the sandbox was lost", "The sandbox was lost again and again: " + reason),
          0);
    }
    RunEvent.GatePass gate = new RunEvent.GatePass("builtin", "repeat after loss", null);
    return startOrGoOn(context, List.of(), gate, attempt + 1);
  }

  private Reply unknown(CallContext context, int attempt, String why) {
    String reason = record.scrubber(context).text(why);
    String id = context.waitId('u', attempt);
    Instant deadline = record.deadline(context);
    RunEvent event =
        new RunEvent.ToolUnknown(
            context.toolUseId(), context.call().tool(), reason, id, CallRecord.text(deadline));
    return record.waits(
        context, List.of(context.fact("unknown-" + attempt, event)), id, "unknown", null, deadline);
  }

  private Reply askPerson(CallContext context, List<Fact> facts, AskPerson question) {
    String id = context.waitId('q', 1);
    Instant deadline = record.deadline(context, question.timeoutMs(context.call()));
    List<String> options = question.options(context.call());
    List<Fact> all = new ArrayList<>(facts);
    all.add(
        context.fact(
            "question",
            new RunEvent.QuestionAsked(
                id,
                context.toolUseId(),
                question.text(context.call()),
                options,
                CallRecord.text(deadline),
                options.isEmpty() ? null : question.freeText(context.call()))));
    return record.waits(context, all, id, "question", null, deadline);
  }

  private Effect effect(CallContext context) {
    return Objects.requireNonNull(
        effects.of(context.info(), context.call().tool()), "the gate let an unknown tool pass");
  }

  private static boolean dropped(CallContext context) {
    return context.request().phase() instanceof Phase.Dropped;
  }
}
