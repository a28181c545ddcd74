package dev.helm.activities.tools;

import dev.helm.activities.store.Runs;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import dev.helm.workflows.decide.Verdict;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What a call asks of people, and what their answers and their silence mean. */
final class CallPeople {
  /** Most of the model's text that a permission quotes as what led to it. */
  private static final int LED_CHARS_MAX = 2_000;

  private final CallRecord record;
  private final CallEffect effect;
  private final Runs runs;

  CallPeople(CallRecord record, CallEffect effect, Runs runs) {
    this.record = record;
    this.effect = effect;
    this.runs = runs;
  }

  Reply ask(CallContext context, Runs.RequestedCall requested, Verdict.Ask ask) {
    String id = context.waitId('p', 1);
    Instant deadline = record.deadline(context);
    RunEvent event =
        new RunEvent.PermissionRequested(
            id,
            context.toolUseId(),
            context.call().tool(),
            requested.arguments(),
            context.argumentsHash(),
            requested.object(),
            Cut.middle(runs.saidBefore(context.run(), context.toolUseId()), LED_CHARS_MAX),
            ask.rule(),
            CallRecord.text(deadline),
            context.info().blueprint().permissions().approvers());
    return record.waits(
        context,
        List.of(context.fact("asked", event)),
        id,
        "permission",
        context.argumentsHash(),
        deadline);
  }

  Reply decided(CallContext context, Signals.Decide decision) {
    List<Fact> facts = decidedFacts(context, decision);
    if (!decision.allow()) {
      String reason = decision.reason();
      return record.blocked(
          context,
          facts,
          "person",
          reason == null || reason.isBlank() ? "A person denied this call." : reason,
          null);
    }
    if (!context.argumentsHash().equals(decision.argumentsHash())) {
      // What was shown is what is executed, or nothing is executed.
      return record.blocked(
          context,
          facts,
          "builtin",
          "The call is not the one that was allowed; nothing was run.",
          null);
    }
    return effect.start(
        context, facts, new RunEvent.GatePass("person", null, decision.permissionId()), 1);
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
    facts.addAll(record.resumed(context, "decided"));
    return facts;
  }

  Reply timedOut(CallContext context, String waitId) {
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
      facts.addAll(record.resumed(context, "decided"));
      return record.blocked(context, facts, "timeout", "timed out", null);
    }
    facts.add(
        context.fact("answered-" + waitId, new RunEvent.QuestionAnswered(waitId, null, "timeout")));
    facts.addAll(record.resumed(context, waitId));
    return record.finished(
        context,
        facts,
        waitId.startsWith("u")
            ? ToolEnd.failed("failed · outcome unknown", Unknowns.TOLD_AT_DEADLINE)
            : ToolEnd.failed("failed · nobody answered", "Nobody answered in time."),
        0);
  }

  Reply answered(CallContext context, Signals.Answer answer) {
    List<Fact> facts = answeredFacts(context, answer);
    String by = answer.by();
    if (!answer.questionId().startsWith("u")) {
      return record.finished(context, facts, ToolEnd.ok("answered by " + by, answer.answer()), 0);
    }
    return switch (answer.answer()) {
      case Unknowns.HAPPENED ->
          record.finished(
              context, facts, ToolEnd.ok("happened, says " + by, Unknowns.TOLD_HAPPENED), 0);
      case Unknowns.AGAIN -> again(context, facts, answer.questionId());
      default -> record.replies(context, facts, new Reply.Stop(by));
    };
  }

  private List<Fact> answeredFacts(CallContext context, Signals.Answer answer) {
    List<Fact> facts = new ArrayList<>();
    facts.add(
        context.fact(
            "answered-" + answer.questionId(),
            new RunEvent.QuestionAnswered(
                answer.questionId(), record.content(answer.answer()), answer.by())));
    facts.addAll(record.resumed(context, answer.questionId()));
    return facts;
  }

  private Reply again(CallContext context, List<Fact> facts, String questionId) {
    int attempt = attemptAfter(context, questionId);
    if (attempt > Unknowns.ATTEMPTS_MAX) {
      return record.finished(
          context, facts, ToolEnd.failed("failed · tried too often", "It was tried too often."), 0);
    }
    return effect.startOrGoOn(
        context, facts, new RunEvent.GatePass("person", null, questionId), attempt);
  }

  /** A step whose answer was lost is not taken again; what it began is found and ended. */
  Reply dropped(CallContext context, Phase.Dropped dropped) {
    Reply done = record.reply(context, dropped.lost());
    if (done != null) {
      // The step had been taken, only its answer was lost.
      return done;
    }
    for (int attempt = Unknowns.ATTEMPTS_MAX; attempt >= first(context, dropped); attempt--) {
      if (record.started(context, attempt)) {
        // An attempt of the activity that died had begun it: it is found again and ended.
        return effect.goOn(context, attempt);
      }
    }
    if (dropped.lost() instanceof Phase.Answered answered) {
      return record.finished(
          context,
          answeredFacts(context, answered.answer()),
          ToolEnd.interrupted(dropped.reason()),
          0);
    }
    Signals.Decide decision = dropped.decision();
    return record.blocked(
        context,
        decision == null ? List.of() : decidedFacts(context, decision),
        "person",
        dropped.reason(),
        null);
  }

  /** The first attempt that the dropped step may have begun; earlier ones have their end. */
  private static int first(CallContext context, Phase.Dropped dropped) {
    if (!(dropped.lost() instanceof Phase.Answered answered)) {
      return 1;
    }
    String question = answered.answer().questionId();
    return question.startsWith("u") ? attemptAfter(context, question) : Unknowns.ATTEMPTS_MAX + 1;
  }

  /** A person said "again" of the unknown attempt whose question this was. */
  private static int attemptAfter(CallContext context, String questionId) {
    for (int attempt = 1; attempt <= Unknowns.ATTEMPTS_MAX; attempt++) {
      if (context.waitId('u', attempt).equals(questionId)) {
        return attempt + 1;
      }
    }
    throw new IllegalStateException("no attempt of this call asked " + questionId);
  }
}
