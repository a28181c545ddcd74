package dev.helm.activities.tools;

import dev.helm.activities.agents.AgentView;
import dev.helm.activities.hook.Hooks;
import dev.helm.activities.run.Heart;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.RunStart.CallResult;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.decide.Combination;
import dev.helm.workflows.decide.Gate;
import dev.helm.workflows.decide.Remembered;
import dev.helm.workflows.decide.ToolCall;
import dev.helm.workflows.decide.Verdict;
import io.temporal.activity.Activity;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes a tool call through gate, people and effect. Each step looks into the journal first and
 * returns what an earlier attempt has recorded.
 */
public final class ToolActivityImpl implements ToolActivity {
  private static final String BEGUN_BEFORE =
      "this very call was begun before the rollback or fork, which takes back files and nothing"
          + " else: it may have had its effect already";

  private static final String MADE_BEFORE =
      "a call like this one was made before the rollback or fork, which takes back files and"
          + " nothing else: this one may have the same effect a second time";

  private static final String MAIN = "main";

  /** What they do, a rollback takes back. */
  private static final Set<String> WORKSPACE_ONLY = Set.of("Write", "Edit", "WriteRow");

  private static final String NO_OBJECT =
      "The arguments are not a JSON object that has one meaning (valid Unicode, no integer beyond"
          + " 2^53); nothing was run.";

  private final Blobs blobs;
  private final Runs runs;
  private final Clock clock;
  private final Set<String> operatorHosts;
  private final CallRecord record;
  private final CallEffect effect;
  private final CallPeople people;
  private final CallAgents agents;
  private final CallHooks hooks;
  private final CallTurns turns;
  private final AfterCall after;

  ToolActivityImpl(
      RunLog log,
      Blobs blobs,
      Runs runs,
      Effects effects,
      Secrets secrets,
      Hooks hooks,
      FilePreview preview,
      AfterCall after,
      Clock clock,
      Set<String> operatorHosts) {
    this.operatorHosts = operatorHosts;
    this.blobs = blobs;
    this.runs = runs;
    this.clock = clock;
    this.record = new CallRecord(log, blobs, secrets, clock);
    CallAgents subagents = new CallAgents(record, blobs, runs);
    this.effect = new CallEffect(record, effects, subagents);
    this.hooks = new CallHooks(hooks, blobs);
    this.people =
        new CallPeople(
            record,
            effect,
            runs,
            new PermissionText(
                runs,
                blobs,
                new CallPreview(this.record, effects, preview, blobs, this.hooks, operatorHosts),
                operatorHosts),
            this.hooks,
            clock,
            operatorHosts);
    this.agents = subagents;
    this.turns = new CallTurns(runs);
    this.after = after;
  }

  @Override
  public Reply step(Request step) {
    Request request = ofAsker(step);
    CallContext context = context(request);
    Reply done = record.reply(context, request.phase());
    if (done != null && !mayHaveWritten(context, done)) {
      return done;
    }
    return turns.inTurn(request, done != null || record.begun(context), () -> inTurn(request));
  }

  /**
   * A foreign runtime's sub-agents ask through its one conversation; each call is judged, and
   * recorded, as that of the sub-agent that the log names.
   */
  private Request ofAsker(Request step) {
    String asker = requested(step).agent();
    return asker.startsWith(step.agent() + "/")
        ? new Request(
            step.run(),
            step.epoch(),
            asker,
            step.toolUseId(),
            step.tool(),
            step.alone(),
            step.phase())
        : step;
  }

  private Reply inTurn(Request request) {
    CallContext context = context(request);
    Reply reply = replied(context, request);
    if (reply instanceof Reply.Waits waits) {
      hooks.waits(context, waits);
    }
    if (mayHaveWritten(context, reply)) {
      try (Heart heart = Heart.start(Activity.getExecutionContext(), () -> {})) {
        after.done(request, effect.shell(context));
      }
    }
    return reply;
  }

  /** Whether files have to be looked at before the next gate opens. */
  private boolean mayHaveWritten(CallContext context, Reply reply) {
    return reply instanceof Reply.Done && record.started(context, 1) && !effect.reads(context);
  }

  private Reply replied(CallContext context, Request request) {
    Reply done = record.reply(context, request.phase());
    if (done != null) {
      return done;
    }
    try {
      Reply reply = record.ended(context) == null ? take(context, request) : null;
      CallResult ended = record.ended(context);
      return ended == null
          ? Objects.requireNonNull(reply)
          : record.replies(context, List.of(), new Reply.Done(hooks.after(context, ended)));
    } catch (RunLog.KeyConflictException e) {
      // An attempt that Temporal had given up was first; what it recorded is what happened.
      Reply first = record.reply(context, request.phase());
      if (first == null) {
        throw e;
      }
      return first;
    }
  }

  private Reply take(CallContext context, Request request) {
    return switch (request.phase()) {
      case Phase.Asked asked ->
          record.started(context, 1) ? effect.goOn(context, 1) : gate(context);
      case Phase.Decided decided ->
          record.started(context, 1)
              ? effect.goOn(context, 1)
              : people.decided(context, decided.decision());
      case Phase.Approved approved -> people.approved(context, approved);
      case Phase.TimedOut timedOut -> people.timedOut(context, timedOut.waitId());
      case Phase.Answered answered -> people.answered(context, answered.answer());
      case Phase.Returned returned -> agents.returned(context, returned);
      case Phase.Dropped dropped -> people.dropped(context, dropped);
    };
  }

  private Reply gate(CallContext asked) {
    Reply refused = refused(asked, "builtin", "");
    if (refused != null) {
      return refused;
    }
    Hooks.Said said = hooks.ask(asked);
    if (said.blocks()) {
      return record.blocked(context(asked.request()), List.of(), "hook", said.told(), null);
    }
    // With the arguments as hooks have left them, which are looked at like any.
    CallContext context = context(asked.request());
    refused =
        said.arguments() == null
            ? null
            : refused(context, "hook", "What the hook " + said.hook() + " made of the call: ");
    return refused == null ? decided(context, said) : refused;
  }

  /** The end of a call that no gate need decide, or null. */
  private @Nullable Reply refused(CallContext context, String by, String before) {
    String refusal = context.wellFormed() ? effect.refusal(context) : NO_OBJECT;
    refusal = refusal == null ? mistakes(context) : refusal;
    return refusal == null ? null : record.blocked(context, List.of(), by, before + refusal, null);
  }

  private Reply decided(CallContext context, Hooks.Said said) {
    List<Remembered> remembered = runs.remembered(context.run(), clock.millis());
    Verdict verdict =
        Gate.of(context.info().blueprint(), remembered, operatorHosts, CallHooks.verdict(said))
            .decide(context.call());
    ToolSource.Look look =
        verdict instanceof Verdict.Deny ? new ToolSource.Look.Same(null) : effect.look(context);
    if (look instanceof ToolSource.Look.Gone gone) {
      return record.blocked(context, List.of(), "builtin", gone.reason(), null);
    }
    if (look instanceof ToolSource.Look.Changed changed && verdict instanceof Verdict.Allow) {
      verdict = new Verdict.Ask(null, changed.because());
    }
    String repeats = verdict instanceof Verdict.Allow ? repeats(context) : null;
    if (repeats != null) {
      verdict = new Verdict.Ask(null, repeats);
    }
    return switch (verdict) {
      case Verdict.Allow allow ->
          effect.start(
              context,
              List.of(),
              new RunEvent.GatePass(allow.by(), allow.rule(), allow.permissionId()),
              1);
      case Verdict.Deny deny ->
          record.blocked(context, List.of(), deny.by(), deny.reason(), deny.rule());
      case Verdict.Ask ask ->
          people.ask(context, requested(context.request()), ask, remembered, look);
      case Verdict.Pass pass -> throw new IllegalStateException("a gate never passes");
    };
  }

  /**
   * Why the call may repeat an effect that nothing takes back, or null: it had begun before a
   * rollback, or in the run that this one was forked from, or one like it had. Nobody may be mailed
   * twice because files went back. A sub-agent counts as one, and its calls come under new ids.
   */
  private @Nullable String repeats(CallContext context) {
    boolean inside =
        effect.repeatable(context)
            || WORKSPACE_ONLY.contains(context.call().tool())
            || (effect.shell(context) && context.info().blueprint().egress().allow().isEmpty());
    if (inside) {
      return null;
    }
    if (record.begunInFormerEpoch(context)) {
      return BEGUN_BEFORE;
    }
    boolean main = context.request().agent().equals(MAIN);
    boolean shell = effect.shell(context);
    boolean outward =
        !context.call().tool().equals("WebFetch")
            && new Combination(context.info().blueprint(), operatorHosts).outward(context.call())
                != null;
    return outward && !(main && shell) && record.takenBack(context, !main && !shell)
        ? MADE_BEFORE
        : null;
  }

  /**
   * Why the arguments do not fit the tool, or null. Attack: a name that only the tool reads, such
   * as File_path, would pass rules that are judged on file_path.
   */
  private @Nullable String mistakes(CallContext context) {
    String mistakes = effect.mistakes(context);
    return mistakes == null
        ? null
        : "The arguments do not fit "
            + context.call().tool()
            + ": "
            + mistakes
            + ". Nothing was run; mend them and call again.";
  }

  private CallContext context(Request request) {
    Runs.RequestedCall requested = requested(request);
    // The hash is computed from what will be executed, not believed from the record.
    Read asked = read(requested, blobs.text(requested.arguments()));
    Runs.Info info = AgentView.of(runs, request.run(), request.agent());
    Hooks.Said said = hooks.before(request, info);
    String edited = edited(request.phase(), requested);
    String changed = edited == null ? said.arguments() : edited;
    Read executed = changed == null ? asked : read(requested, changed);
    return new CallContext(
        request,
        info,
        executed.call(),
        executed.call().argumentsHash(),
        executed.wellFormed(),
        asked.call().argumentsHash(),
        edited,
        said);
  }

  private record Read(ToolCall call, boolean wellFormed) {}

  private static Read read(Runs.RequestedCall requested, String source) {
    try {
      ToolCall call = ToolCall.of(requested.toolUseId(), requested.tool(), source);
      // A text without one meaning has no hash either.
      call.argumentsHash();
      return new Read(call, true);
    } catch (IllegalArgumentException e) {
      return new Read(
          new ToolCall(requested.toolUseId(), requested.tool(), source, Map.of()), false);
    }
  }

  /** The arguments as people changed them: as the log has it, else as the decision brings it. */
  private @Nullable String edited(Phase phase, Runs.RequestedCall requested) {
    if (requested.edited() != null) {
      return blobs.text(requested.edited());
    }
    Signals.Decide decision =
        switch (phase) {
          case Phase.Decided decided -> decided.decision();
          case Phase.Approved approved -> approved.decision();
          case Phase.Dropped dropped -> dropped.decision();
          case Phase.Asked asked -> null;
          case Phase.TimedOut timedOut -> null;
          case Phase.Answered answered -> null;
          case Phase.Returned returned -> null;
        };
    Signals.Edited edited = decision == null ? null : decision.edited();
    if (edited == null) {
      return null;
    }
    byte[] text = blobs.get(edited.sha256());
    // Not there: text that is no arguments, so that nothing runs.
    return text == null ? "" : new String(text, StandardCharsets.UTF_8);
  }

  private Runs.RequestedCall requested(Request request) {
    Runs.RequestedCall requested = runs.requested(request.run(), request.toolUseId());
    if (requested == null) {
      throw new IllegalStateException(
          "run " + request.run() + " has no record of tool call " + request.toolUseId());
    }
    return requested;
  }
}
