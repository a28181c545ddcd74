package dev.helm.workflows;

import static dev.helm.workflows.ScriptedRun.answer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reminders, escalation, and several people who must agree, in the workflow. */
@Timeout(60)
class PermissionWaitTest {
  private static final Duration WAIT = Duration.ofMinutes(30);

  private static ScriptedRun asking(int need, @Nullable Long escalateAfterMs) {
    ScriptedRun run = new ScriptedRun();
    run.model = request -> request.turn() == 1 ? answer(request, "t1") : answer(request);
    run.tool =
        (r, request) ->
            switch (request.phase()) {
              case Phase.Asked _ -> {
                long now = r.env.currentTimeMillis();
                yield new ToolActivity.Reply.Waits(
                    "p-t1",
                    "permission",
                    "hash-t1",
                    now + WAIT.toMillis(),
                    new ToolActivity.Asking(
                        need,
                        now + WAIT.toMillis() / 2,
                        escalateAfterMs == null ? null : now + escalateAfterMs,
                        List.of("owner")));
              }
              case Phase.Approved _ -> new ToolActivity.Reply.Noted();
              default -> ScriptedRun.done(request);
            };
    return run;
  }

  private static List<String> steps(ScriptedRun run) {
    return run.toolSteps.stream()
        .map(
            step ->
                switch (step.phase()) {
                  case Phase.Approved a ->
                      "approved " + a.decision().by() + " " + a.have() + "/" + a.need();
                  case Phase.Decided d ->
                      "decided " + d.decision().by() + " " + hash(d.decision().edited());
                  case Phase.TimedOut _ -> "timedOut";
                  default -> step.phase().getClass().getSimpleName();
                })
        .toList();
  }

  private static String hash(Signals.@Nullable Edited edited) {
    return edited == null ? "as asked" : edited.argumentsHash();
  }

  private static Signals.Decide allow(String id, String by, String seen, @Nullable String edited) {
    return new Signals.Decide(
        id,
        "p-t1",
        true,
        seen,
        null,
        by,
        null,
        edited == null ? null : new Signals.Edited("blob", edited),
        null);
  }

  private static void awaitAsked(ScriptedRun run) {
    ScriptedRun.await("the question", () -> !run.toolSteps.isEmpty());
  }

  @Test
  void silenceIsRemindedEscalatedAndThenDenied() {
    try (ScriptedRun run = asking(1, Duration.ofMinutes(20).toMillis())) {
      run.start();
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(run.all(RunEvent.PermissionReminded.class))
          .extracting(e -> e.stage() + " " + e.to())
          .containsExactly("half [approver]", "escalated [owner]");
      assertThat(steps(run)).containsExactly("Asked", "timedOut");
    }
  }

  @Test
  void anEscalationBeforeHalfTimeComesFirst() {
    try (ScriptedRun run = asking(1, Duration.ofMinutes(5).toMillis())) {
      run.start();
      run.end();
      assertThat(run.all(RunEvent.PermissionReminded.class))
          .extracting(RunEvent.PermissionReminded::stage)
          .containsExactly("escalated", "half");
    }
  }

  @Test
  void twoDifferentPeopleAllowTheSame() {
    try (ScriptedRun run = asking(2, null)) {
      AgentRunWorkflow workflow = run.start();
      awaitAsked(run);
      workflow.decide(allow("1", "ada", "hash-t1", null));
      workflow.decide(allow("2", "ada", "hash-t1", null));
      workflow.decide(allow("3", "bo", "another", null));
      workflow.decide(allow("4", "bo", "hash-t1", null));
      run.end();
      assertThat(steps(run)).containsExactly("Asked", "approved ada 1/2", "decided bo as asked");
    }
  }

  @Test
  void anEditBeginsTheCountAnew() {
    try (ScriptedRun run = asking(2, null)) {
      AgentRunWorkflow workflow = run.start();
      awaitAsked(run);
      workflow.decide(allow("1", "ada", "hash-t1", null));
      workflow.decide(allow("2", "bo", "hash-t1", "hash-2"));
      workflow.decide(allow("3", "cy", "hash-t1", null));
      workflow.decide(allow("4", "bo", "hash-2", null));
      workflow.decide(allow("5", "ada", "hash-2", null));
      run.end();
      assertThat(steps(run))
          .containsExactly("Asked", "approved ada 1/2", "approved bo 1/2", "decided ada hash-2");
    }
  }

  @Test
  void anyDenyWins() {
    try (ScriptedRun run = asking(2, null)) {
      AgentRunWorkflow workflow = run.start();
      awaitAsked(run);
      workflow.decide(allow("1", "ada", "hash-t1", null));
      workflow.decide(new Signals.Decide("2", "p-t1", false, null, "no", "bo", null, null, null));
      workflow.decide(allow("3", "cy", "hash-t1", null));
      run.end();
      assertThat(steps(run)).containsExactly("Asked", "approved ada 1/2", "decided bo as asked");
    }
  }
}
