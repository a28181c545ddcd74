package dev.helm.activities.tools;

import dev.helm.activities.hook.Hooks;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import dev.helm.workflows.decide.Gate;
import dev.helm.workflows.decide.Remembered;
import dev.helm.workflows.decide.Suggestions;
import dev.helm.workflows.decide.Verdict;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a call asks of people, and what their answers and their silence mean. */
final class CallPeople {
  private final CallRecord record;
  private final CallEffect effect;
  private final Runs runs;
  private final PermissionText text;
  private final CallHooks hooks;
  private final Clock clock;
  private final Set<String> operatorHosts;

  CallPeople(
      CallRecord record,
      CallEffect effect,
      Runs runs,
      PermissionText text,
      CallHooks hooks,
      Clock clock,
      Set<String> operatorHosts) {
    this.operatorHosts = operatorHosts;
    this.record = record;
    this.effect = effect;
    this.runs = runs;
    this.text = text;
    this.hooks = hooks;
    this.clock = clock;
  }

  Reply ask(
      CallContext context,
      Runs.RequestedCall requested,
      Verdict.Ask ask,
      List<Remembered> remembered,
      ToolSource.Look look) {
    String id = context.waitId('p', 1);
    if (look instanceof ToolSource.Look.Changed changed) {
      record.shows(context, changed.token());
    }
    Instant deadline = record.deadline(context);
    return record.waits(
        context,
        List.of(
            context.fact(
                "asked", text.event(context, requested, ask, look, remembered, id, deadline))),
        id,
        "permission",
        context.argumentsHash(),
        deadline,
        asking(context.info().blueprint().permissions(), deadline.toEpochMilli()));
  }

  private static ToolActivity.Asking asking(Blueprint.Permissions permissions, long deadlineMs) {
    long askedMs = deadlineMs - permissions.timeoutMs();
    Blueprint.Escalate escalate = permissions.escalate();
    return new ToolActivity.Asking(
        permissions.approvers(),
        askedMs + permissions.timeoutMs() / 2,
        escalate == null ? null : Long.valueOf(askedMs + escalate.afterMs()),
        escalate == null ? List.of() : escalate.to());
  }

  /** One of several people allowed it: that is noted, and the call goes on waiting. */
  Reply approved(CallContext context, Phase.Approved approved) {
    Signals.Decide decision = approved.decision();
    if (refusal(context, decision) != null) {
      // The decision that completes the count is refused for the same reason, and says so.
      return record.replies(context, List.of(), new Reply.Noted());
    }
    RunEvent event =
        new RunEvent.PermissionApproved(
            decision.permissionId(),
            context.toolUseId(),
            decision.by(),
            decision.device(),
            context.argumentsHash(),
            edited(context),
            approved.have(),
            approved.need());
    return record.replies(
        context, List.of(context.fact("approved-" + decision.id(), event)), new Reply.Noted());
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
    String refusal = refusal(context, decision);
    if (refusal != null) {
      return record.blocked(context, facts, "builtin", refusal, null);
    }
    if (context.edited() != null) {
      Hooks.Said said = hooks.askOfEdit(context);
      if (said.blocks() || said.arguments() != null) {
        return record.blocked(
            context,
            facts,
            "hook",
            said.blocks()
                ? said.told()
                : "a hook changes what a person had changed and allowed; nothing was run.",
            null);
      }
    }
    effect.accept(context);
    return effect.start(
        context, facts, new RunEvent.GatePass("person", null, decision.permissionId()), 1);
  }

  /**
   * Why an allow cannot be followed, or null. The service has looked at all of it before; here it
   * is looked at by the one that acts.
   */
  private @Nullable String refusal(CallContext context, Signals.Decide decision) {
    Signals.Edited edited = decision.edited();
    String seen = decision.argumentsHash();
    boolean same =
        context.wellFormed()
            && (edited == null
                ? context.argumentsHash().equals(seen)
                : context.argumentsHash().equals(edited.argumentsHash()));
    if (!same) {
      // What was shown is what is executed, or nothing is executed.
      return "The call is not the one that was allowed; nothing was run.";
    }
    if (context.edited() == null) {
      return null;
    }
    String mistakes = effect.mistakes(context);
    if (mistakes != null) {
      return "The changed arguments do not fit the tool: " + mistakes + "; nothing was run.";
    }
    return Gate.of(context.info().blueprint()).decide(context.call()) instanceof Verdict.Deny deny
        ? "The changed call is not allowed: " + deny.reason()
        : null;
  }

  private @Nullable Content edited(CallContext context) {
    return context.edited() == null ? null : record.arguments(context.edited());
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
            context.argumentsHash(),
            decision.allow() ? edited(context) : null,
            remembered(context, decision));
    List<Fact> facts = new ArrayList<>();
    facts.add(context.fact("decided", event));
    facts.addAll(record.resumed(context, "decided"));
    return facts;
  }

  /** What the allow leaves behind, if that rule would really have let this very call pass. */
  private RunEvent.@Nullable Remembered remembered(CallContext context, Signals.Decide decision) {
    RunEvent.Remembered rule = decision.remember();
    Blueprint blueprint = context.info().blueprint();
    return rule == null
            || !decision.allow()
            || blueprint.permissions().approvers() > 1
            || refusal(context, decision) != null
            || Suggestions.whyNot(
                    blueprint,
                    runs.remembered(context.run(), clock.millis()),
                    rule.rule(),
                    context.call(),
                    operatorHosts)
                != null
        ? null
        : rule;
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
                  context.askedHash())));
      facts.addAll(record.resumed(context, "decided"));
      return record.blocked(context, facts, "timeout", "timed out", null);
    }
    facts.add(
        context.fact("answered-" + waitId, new RunEvent.QuestionAnswered(waitId, null, "timeout")));
    facts.addAll(record.resumed(context, waitId));
    if (effect.asksAtWork(context, waitId)) {
      return effect.answered(context, facts, waitId, null);
    }
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
    if (effect.asksAtWork(context, answer.questionId())) {
      return effect.answered(context, facts, answer.questionId(), answer.answer());
    }
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
    int need = context.info().blueprint().permissions().approvers();
    if (need > 1) {
      // One person's word would repeat what only several may allow; a new call asks them.
      return record.finished(
          context,
          facts,
          ToolEnd.failed("failed · outcome unknown", Unknowns.TOLD_ASK_AGAIN.formatted(need)),
          0);
    }
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
    if (dropped.lost() instanceof Phase.Answered answered
        && effect.asksAtWork(context, answered.answer().questionId())) {
      record.notes(context, answeredFacts(context, answered.answer()));
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
  private int first(CallContext context, Phase.Dropped dropped) {
    if (!(dropped.lost() instanceof Phase.Answered answered)) {
      return 1;
    }
    String question = answered.answer().questionId();
    if (effect.asksAtWork(context, question)) {
      return 1;
    }
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
