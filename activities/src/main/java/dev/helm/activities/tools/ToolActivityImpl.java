package dev.helm.activities.tools;

import dev.helm.activities.run.Heart;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.decide.Gate;
import dev.helm.workflows.decide.ToolCall;
import dev.helm.workflows.decide.Verdict;
import io.temporal.activity.Activity;
import java.time.Clock;
import java.util.List;
import java.util.Map;

/**
 * Takes a tool call through gate, people and effect. Each step looks into the journal first and
 * returns what an earlier attempt has recorded.
 */
public final class ToolActivityImpl implements ToolActivity {
  private final Blobs blobs;
  private final Runs runs;
  private final CallRecord record;
  private final CallEffect effect;
  private final CallPeople people;
  private final AfterCall after;

  ToolActivityImpl(RunLog log, Blobs blobs, Runs runs, Map<String, Effect> effects, AfterCall after, Clock clock) {
    this.blobs = blobs;
    this.runs = runs;
    this.record = new CallRecord(log, blobs, clock);
    this.effect = new CallEffect(record, effects);
    this.people = new CallPeople(record, effect, runs);
    this.after = after;
  }

  @Override
  public Reply step(Request request) {
    CallContext context = context(request);
    Reply reply = replied(context, request);
    if (reply instanceof Reply.Done && record.started(context, 1) && !effect.reads(context)) {
      try (Heart heart = Heart.start(Activity.getExecutionContext(), () -> {})) {
        after.done(request, effect.shell(context));
      }
    }
    return reply;
  }

  private Reply replied(CallContext context, Request request) {
    Reply done = record.reply(context, request.phase());
    if (done != null) {
      return done;
    }
    try {
      return take(context, request);
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
      case Phase.TimedOut timedOut -> people.timedOut(context, timedOut.waitId());
      case Phase.Answered answered -> people.answered(context, answered.answer());
      case Phase.Dropped dropped -> people.dropped(context, dropped);
    };
  }

  private Reply gate(CallContext context) {
    if (!context.wellFormed()) {
      return record.blocked(
          context,
          List.of(),
          "builtin",
          "The arguments are not a JSON object that has one meaning (valid Unicode, no integer"
              + " beyond 2^53); nothing was run.",
          null);
    }
    return switch (Gate.of(context.info().blueprint()).decide(context.call())) {
      case Verdict.Allow allow ->
          effect.start(
              context, List.of(), new RunEvent.GatePass(allow.by(), allow.rule(), null), 1);
      case Verdict.Deny deny ->
          record.blocked(context, List.of(), deny.by(), deny.reason(), deny.rule());
      case Verdict.Ask ask -> people.ask(context, requested(context.request()), ask);
      case Verdict.Pass pass -> throw new IllegalStateException("a gate never passes");
    };
  }

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
}
