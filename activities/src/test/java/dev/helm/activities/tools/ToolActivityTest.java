package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.run.Heart;
import dev.helm.activities.run.Plans;
import dev.helm.activities.sandbox.EngineUnavailable;
import dev.helm.activities.sandbox.NoEngine;
import dev.helm.activities.sandbox.SandboxRefused;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class ToolActivityTest {
  private static final String LS = "{\"command\":\"ls\"}";
  private static final Blueprint ASKS = Plans.rules(List.of(), List.of("Bash"), List.of("Read"));

  @Test
  void anAllowedCallIsStartedThenDoneThenRecorded() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      Reply reply = rig.step(new Phase.Asked());
      assertThat(rig.told(reply)).isEqualTo("done");
      assertThat(rig.store.types())
          .containsExactly(
              "tool.requested", "tool.started", "tool.output", "tool.output", "tool.finished");
      assertThat(rig.store.all(RunEvent.ToolStarted.class).getFirst().gate())
          .isEqualTo(new RunEvent.GatePass("rule", "Bash", null));
      assertThat(rig.step(new Phase.Asked())).isEqualTo(reply);
      assertThat(rig.sandbox.begun).hasSize(1);
    }
  }

  @Test
  void aDeniedCallIsBlockedAndTheModelIsTold() {
    try (ToolRig rig =
        new ToolRig(Plans.rules(List.of("Bash(ls*)"), List.of(), List.of("Bash")), "Bash", LS)) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("Not allowed", "Bash(ls*)");
      assertThat(rig.store.types()).containsExactly("tool.requested", "tool.blocked");
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @Test
  void anAllowOfTheHashThatWasShownRunsIt() {
    try (ToolRig rig = new ToolRig(ASKS, "Bash", LS)) {
      Reply asked = rig.step(new Phase.Asked());
      assertThat(rig.store.types())
          .containsExactly("tool.requested", "permission.requested", "run.paused");
      rig.step(rig.allow(asked, rig.hash()));
      assertThat(rig.store.types())
          .containsSubsequence(
              "permission.decided", "run.resumed", "tool.started", "tool.finished");
      RunEvent.GatePass gate = rig.store.all(RunEvent.ToolStarted.class).getFirst().gate();
      assertThat(gate.by()).isEqualTo("person");
      assertThat(gate.permissionId()).isEqualTo(((Reply.Waits) asked).waitId());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0000", "another"})
  void anAllowOfAnotherHashRunsNothing(String hash) {
    try (ToolRig rig = new ToolRig(ASKS, "Bash", LS)) {
      Reply asked = rig.step(new Phase.Asked());
      assertThat(rig.told(rig.step(rig.allow(asked, hash)))).contains("not the one");
      assertThat(rig.sandbox.begun).isEmpty();
      assertThat(rig.store.types()).contains("permission.decided", "tool.blocked");
      assertThat(rig.store.types()).doesNotContain("tool.started");
    }
  }

  @Test
  void aDenialIsToldWithItsReason() {
    try (ToolRig rig = new ToolRig(ASKS, "Bash", LS)) {
      String id = ((Reply.Waits) rig.step(new Phase.Asked())).waitId();
      Reply reply =
          rig.step(
              new Phase.Decided(
                  new Signals.Decide("d", id, false, null, "not on a Friday", "ada", null)));
      assertThat(rig.told(reply)).contains("not on a Friday");
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @Test
  void silenceIsADenialThatSaysSo() {
    try (ToolRig rig = new ToolRig(ASKS, "Bash", LS)) {
      String id = ((Reply.Waits) rig.step(new Phase.Asked())).waitId();
      assertThat(rig.told(rig.step(new Phase.TimedOut(id)))).isEqualTo("Not allowed: timed out");
      assertThat(rig.store.all(RunEvent.PermissionDecided.class).getFirst().by())
          .isEqualTo("timeout");
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"command\":",
        "[]",
        "\"ls\"",
        "",
        "{\"command\":\"\\ud800\"}",
        "{\"timeout\":1e2,}",
        "{\"command\":\"ls\",\"timeout\":99999999999999999999}",
        "{\"a\":1,\"a\":2}"
      })
  void argumentsWithoutOneMeaningAreBlocked(String arguments) {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", arguments)) {
      assertThat(rig.step(new Phase.Asked())).isInstanceOf(Reply.Done.class);
      assertThat(rig.store.types()).containsExactly("tool.requested", "tool.blocked");
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @Test
  void aLostReadIsReadAgainWithAnIntentOfItsOwn() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Read", "{\"file_path\":\"a\"}")) {
      rig.sandbox.prints(
          "{\"ok\":true,\"summary\":\"1 line\",\"content\":\"x\",\"read\":[\"a\"]}"
              .getBytes(StandardCharsets.UTF_8),
          1000);
      rig.store.crashes.at(4);
      assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      rig.sandbox.lose();
      assertThat(rig.told(rig.step(new Phase.Asked()))).isEqualTo("x");
      assertThat(rig.store.all(RunEvent.ToolStarted.class))
          .extracting(RunEvent.ToolStarted::attempt)
          .containsExactly(1, 2);
      assertThat(rig.store.all(RunEvent.FileRead.class)).hasSize(1);
      assertThat(rig.store.types()).doesNotContain("tool.unknown");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"happened", "again", "stop", "deadline", "again and lost again"})
  void aLostCommandIsUnknownAndAPersonSays(String said) {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.store.crashes.at(4);
      assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      rig.sandbox.lose();
      Reply.Waits unknown = (Reply.Waits) rig.step(new Phase.Asked());
      assertThat(unknown.reason()).isEqualTo("unknown");
      assertThat(rig.sandbox.begun).hasSize(1);
      switch (said) {
        case "happened" -> {
          assertThat(rig.told(rig.step(rig.answer(unknown, said)))).contains("it happened");
          assertThat(rig.sandbox.begun).hasSize(1);
        }
        case "again" -> {
          assertThat(rig.told(rig.step(rig.answer(unknown, said)))).isEqualTo("done");
          assertThat(rig.sandbox.begun).hasSize(2).doesNotHaveDuplicates();
        }
        case "stop" -> {
          assertThat(rig.step(rig.answer(unknown, said))).isEqualTo(new Reply.Stop("bo"));
          assertThat(rig.sandbox.begun).hasSize(1);
        }
        case "deadline" -> {
          assertThat(rig.told(rig.step(new Phase.TimedOut(unknown.waitId()))))
              .contains("unknown whether");
          assertThat(rig.sandbox.begun).hasSize(1);
        }
        default -> {
          rig.store.crashes.at(4);
          assertThat(catchFailure(rig, rig.answer(unknown, "again"))).isTrue();
          rig.sandbox.lose();
          Reply.Waits second = (Reply.Waits) rig.step(rig.answer(unknown, "again"));
          assertThat(second.waitId()).isNotEqualTo(unknown.waitId());
          assertThat(rig.sandbox.begun).hasSize(2);
          rig.step(rig.answer(second, "happened"));
        }
      }
      assertThat(rig.store.all(RunEvent.ToolUnknown.class)).isNotEmpty();
    }
  }

  @Test
  void whereTwoMustAllowOneDoesNotRepeatALostCommand() {
    try (ToolRig rig =
        new ToolRig(Plans.rules(List.of(), List.of(), List.of("Bash"), 2), "Bash", LS)) {
      rig.store.crashes.at(4);
      assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      rig.sandbox.lose();
      Reply unknown = rig.step(new Phase.Asked());
      assertThat(rig.told(rig.step(rig.answer(unknown, "again"))))
          .contains("2 people have to allow it: make the call again");
      assertThat(rig.sandbox.begun).hasSize(1);
    }
  }

  @Test
  void aPersonIsAskedAndHerAnswerIsTheResult() {
    try (ToolRig rig =
        new ToolRig(
            Plans.open(), "AskPerson", "{\"question\":\"Which?\",\"options\":[\"a\",\"b\"]}")) {
      Reply asked = rig.step(new Phase.Asked());
      assertThat(rig.store.all(RunEvent.QuestionAsked.class).getFirst().options())
          .containsExactly("a", "b");
      assertThat(rig.told(rig.step(rig.answer(asked, "b")))).isEqualTo("b");
      assertThat(rig.store.types()).endsWith("question.answered", "run.resumed", "tool.finished");
    }
  }

  @Test
  void aQuestionThatNobodyAnswersFails() {
    try (ToolRig rig = new ToolRig(Plans.open(), "AskPerson", "{\"question\":\"Which?\"}")) {
      Reply.Waits asked = (Reply.Waits) rig.step(new Phase.Asked());
      assertThat(rig.told(rig.step(new Phase.TimedOut(asked.waitId())))).contains("Nobody");
    }
  }

  @Test
  void aRunningCommandIsInterrupted() throws Exception {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.sandbox.endless();
      CompletableFuture<Reply> reply =
          CompletableFuture.supplyAsync(() -> rig.step(new Phase.Asked()));
      rig.env.requestCancelActivity();
      assertThat(rig.told(reply.get(20, TimeUnit.SECONDS))).contains("interrupted", "done");
      assertThat(rig.store.all(RunEvent.ToolFinished.class).getFirst().outcome())
          .isEqualTo("interrupted");
    }
  }

  @Test
  void aDroppedCallThatNobodyStartedIsBlocked() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.step(new Phase.Dropped("A message came first.", new Phase.Asked()));
      assertThat(rig.store.types()).containsExactly("tool.requested", "tool.blocked");
    }
  }

  @Test
  void aDroppedCallThatADeadAttemptStartedIsInterruptedNotDenied() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.sandbox.endless();
      rig.store.crashes.at(4);
      assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      Reply reply = rig.step(new Phase.Dropped("A message came first.", new Phase.Asked()));
      assertThat(rig.told(reply)).contains("interrupted");
      assertThat(rig.store.types()).doesNotContain("tool.blocked");
      assertThat(rig.sandbox.begun).hasSize(1);
      assertThat(rig.sandbox.interrupted).isNotEmpty();
    }
  }

  @Test
  void aDroppedDecisionStandsInTheLog() {
    try (ToolRig rig = new ToolRig(ASKS, "Bash", LS)) {
      Reply asked = rig.step(new Phase.Asked());
      Phase.Decided decided = (Phase.Decided) rig.allow(asked, rig.hash());
      rig.step(new Phase.Dropped("A message came first.", decided));
      assertThat(rig.store.types()).endsWith("permission.decided", "run.resumed", "tool.blocked");
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @Test
  void aDropAfterTheQuestionWasPutGoesOnWaiting() {
    try (ToolRig rig = new ToolRig(ASKS, "Bash", LS)) {
      Reply asked = rig.step(new Phase.Asked());
      assertThat(rig.step(new Phase.Dropped("A message came first.", new Phase.Asked())))
          .isEqualTo(asked);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"checklist", "image", "no engine"})
  void aRefusalForGoodBeforeTheIntentBlocksTheCall(String code) {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.sandbox.onClaim =
          () -> {
            throw code.equals("no engine") ? new NoEngine() : new SandboxRefused(code, "for good");
          };
      assertThat(rig.told(rig.step(new Phase.Asked())))
          .contains(code.equals("no engine") ? NoEngine.MESSAGE : "for good");
      assertThat(rig.store.types()).containsExactly("tool.requested", "tool.blocked");
      assertThat(rig.store.all(RunEvent.ToolBlocked.class).getFirst().by()).isEqualTo("builtin");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"full", "image_building", "superseded", "unavailable"})
  void aRefusalThatPassesIsTriedAgain(String code) {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      AtomicInteger claims = new AtomicInteger();
      rig.sandbox.onClaim =
          () -> {
            if (claims.incrementAndGet() < 3) {
              throw code.equals("unavailable")
                  ? new EngineUnavailable("later")
                  : new SandboxRefused(code, "later");
            }
          };
      assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      assertThat(rig.told(rig.step(new Phase.Asked()))).isEqualTo("done");
    }
  }

  @Test
  void aRunThatWaitsForAContainerSaysSoOnceAndGoesOnByItself() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      AtomicInteger claims = new AtomicInteger();
      rig.sandbox.onClaim =
          () -> {
            if (claims.incrementAndGet() < 4) {
              throw new SandboxRefused("full", "all at work");
            }
          };
      for (int i = 0; i < 3; i++) {
        assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      }
      assertThat(rig.store.types()).containsExactly("tool.requested", "run.paused");
      RunEvent.RunPaused paused = rig.store.all(RunEvent.RunPaused.class).getFirst();
      assertThat(paused.reason()).isEqualTo("system");
      assertThat(paused.detail()).contains("all containers are at work");
      assertThat(rig.told(rig.step(new Phase.Asked()))).isEqualTo("done");
      assertThat(rig.store.types())
          .startsWith("tool.requested", "run.paused", "run.resumed", "tool.started");
    }
  }

  @Test
  void aCallThatIsDroppedWhileItWaitsForAContainerLeavesNoPause() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.sandbox.onClaim =
          () -> {
            throw new SandboxRefused("full", "all at work");
          };
      assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      rig.step(new Phase.Dropped("A message came first.", new Phase.Asked()));
      assertThat(rig.store.types())
          .containsExactly("tool.requested", "run.paused", "run.resumed", "tool.blocked");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"too_large", "checklist"})
  void aRefusalForGoodAfterTheIntentIsAFailure(String code) {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.sandbox.onExecute =
          () -> {
            throw new SandboxRefused(code, "for good");
          };
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("for good");
      assertThat(rig.store.types())
          .containsExactly("tool.requested", "tool.started", "tool.finished");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"hash_mismatch", "bad_offset", "already_ended"})
  void aRefusalAfterWhichNobodyKnowsAsksAPerson(String code) {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.sandbox.onExecute =
          () -> {
            throw new SandboxRefused(code, "who knows");
          };
      assertThat(((Reply.Waits) rig.step(new Phase.Asked())).reason()).isEqualTo("unknown");
      assertThat(rig.store.types())
          .containsExactly("tool.requested", "tool.started", "tool.unknown", "run.paused");
    }
  }

  @Test
  void anOffsetThatAnotherAttemptMovedIsReadAgain() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      AtomicInteger executions = new AtomicInteger();
      rig.sandbox.onExecute =
          () -> {
            if (executions.incrementAndGet() == 1) {
              throw new SandboxRefused("bad_offset", "it moved");
            }
          };
      assertThat(rig.told(rig.step(new Phase.Asked()))).isEqualTo("done");
    }
  }

  @Test
  void anInterruptWhileTheContainerIsMadeStartsNothing() throws Exception {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      // A container that takes some beats of the heart.
      rig.sandbox.onClaim = () -> LockSupport.parkNanos(4 * Heart.BEAT_MS * 1_000_000);
      CompletableFuture<Reply> reply =
          CompletableFuture.supplyAsync(() -> rig.step(new Phase.Asked()));
      rig.env.requestCancelActivity();
      assertThat(rig.told(reply.get(20, TimeUnit.SECONDS))).contains("interrupted");
      assertThat(rig.store.types()).containsExactly("tool.requested", "tool.blocked");
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @Test
  void anAttemptThatWasGivenUpCannotBeginABlockedCall() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS);
        ToolRig other = rig.another()) {
      rig.sandbox.onClaim =
          () -> {
            // Temporal gave this attempt up, and the run has dropped the call.
            other.step(new Phase.Dropped("A message came first.", new Phase.Asked()));
          };
      assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      assertThat(rig.store.types()).containsExactly("tool.requested", "tool.blocked");
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @Test
  void aDroppedAnswerThatBeganTheCallAgainIsInterrupted() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.store.crashes.at(4);
      assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
      rig.sandbox.lose();
      Reply unknown = rig.step(new Phase.Asked());
      rig.sandbox.endless();
      rig.store.crashes.at(4);
      Phase again = rig.answer(unknown, "again");
      assertThat(catchFailure(rig, again)).isTrue();
      assertThat(rig.told(rig.step(new Phase.Dropped("The run ends.", again))))
          .contains("interrupted");
      assertThat(rig.sandbox.begun).hasSize(2);
      assertThat(rig.store.types()).endsWith("tool.finished");
    }
  }

  @Test
  void aDroppedAnswerThatBeganNothingIsRecordedAndTheCallEnds() {
    for (String tool : List.of("Bash", "AskPerson")) {
      try (ToolRig rig =
          new ToolRig(Plans.open(), tool, tool.equals("Bash") ? LS : "{\"question\":\"?\"}")) {
        if (tool.equals("Bash")) {
          rig.store.crashes.at(4);
          assertThat(catchFailure(rig, new Phase.Asked())).isTrue();
          rig.sandbox.lose();
        }
        Phase answer = rig.answer(rig.step(new Phase.Asked()), "again");
        rig.step(new Phase.Dropped("The run ends.", answer));
        assertThat(rig.store.types()).endsWith("question.answered", "run.resumed", "tool.finished");
        assertThat(rig.store.all(RunEvent.ToolFinished.class).getFirst().outcome())
            .isEqualTo("interrupted");
      }
    }
  }

  @Test
  void deadlinesHaveThreeDecimals() {
    try (ToolRig rig = new ToolRig(ASKS, "Bash", LS)) {
      rig.step(new Phase.Asked());
      assertThat(rig.store.all(RunEvent.PermissionRequested.class).getFirst().deadline())
          .isEqualTo("2026-03-02T14:03:13.000Z");
    }
  }

  @Test
  void theRestOfACharacterIsShownAtTheEnd() {
    try (ToolRig rig = new ToolRig(Plans.open(), "Bash", LS)) {
      rig.sandbox.prints(new byte[] {'o', 'k', (byte) 0xe2, (byte) 0x82}, 3);
      rig.step(new Phase.Asked());
      List<RunEvent.ToolOutput> shown = rig.store.all(RunEvent.ToolOutput.class);
      assertThat(shown).extracting(RunEvent.ToolOutput::offset).containsExactly(0L, 2L);
      assertThat(rig.store.text(shown.getLast().text())).isNotEmpty();
    }
  }

  static boolean catchFailure(ToolRig rig, Phase phase) {
    try {
      rig.step(phase);
      return false;
    } catch (io.temporal.failure.ActivityFailure e) {
      return true;
    }
  }

  @Test
  void aQuestionWaitsAsLongAsItsAgentWantsAndNeverLongerThanTheBlueprint() {
    for (Map.Entry<String, String> wait :
        Map.of("5s", "2026-03-02T14:02:18.000Z", "9h", "2026-03-02T14:03:13.000Z").entrySet()) {
      String arguments =
          "{\"question\":\"Which?\",\"options\":[\" a \",\"b\",\"a\"],\"free_text\":true,\"timeout\":\""
              + wait.getKey()
              + "\"}";
      try (ToolRig rig = new ToolRig(Plans.open(), "AskPerson", arguments)) {
        rig.step(new Phase.Asked());
        RunEvent.QuestionAsked asked = rig.store.all(RunEvent.QuestionAsked.class).getFirst();
        assertThat(asked.deadline()).isEqualTo(wait.getValue());
        assertThat(asked.options()).containsExactly("a", "b");
        assertThat(asked.freeText()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"timeout\":\"soon\"",
        "\"timeout\":\"0m\"",
        "\"timeout\":600",
        "\"options\":[1,2]",
        "\"options\":[\"\"]",
        "\"options\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]"
      })
  void aQuestionThatCannotBeAskedIsRefusedInWords(String member) {
    try (ToolRig rig =
        new ToolRig(Plans.open(), "AskPerson", "{\"question\":\"Which?\"," + member + "}")) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("nobody was asked");
      assertThat(rig.store.types()).containsExactly("tool.requested", "tool.blocked");
    }
  }
}
