package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.activities.store.TakenBack;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import dev.helm.workflows.decide.Remembered;
import dev.helm.workflows.decide.ToolCall;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is shown before a decision, and what an edited or remembered one does. */
class PermissionTest {
  private static final String LS = "{\"command\":\"make test\"}";

  private static ToolRig asking(List<String> deny, String tool, String arguments) {
    return new ToolRig(Plans.rules(deny, List.of(), List.of()), tool, arguments);
  }

  private static Phase edit(ToolRig rig, Reply asked, String edited, String hash) {
    String sha256 = rig.store.put(edited.getBytes(StandardCharsets.UTF_8), "application/json");
    return new Phase.Decided(
        new Signals.Decide(
            "d1",
            ((Reply.Waits) asked).waitId(),
            true,
            rig.hash(),
            null,
            "ada",
            null,
            new Signals.Edited(sha256, hash),
            null));
  }

  private static String hash(String arguments) {
    return ToolCall.of("t1", "Bash", arguments).argumentsHash();
  }

  @Test
  void thePermissionSaysWhatItConcerns() {
    try (ToolRig rig = asking(List.of(), "Bash", LS)) {
      rig.step(new Phase.Asked());
      RunEvent.PermissionRequested asked =
          rig.store.all(RunEvent.PermissionRequested.class).getFirst();
      assertThat(asked.because()).isEqualTo("no rule names this call");
      assertThat(asked.risk())
          .containsExactly(
              "runs a shell command",
              "may change files of the workspace",
              "first Bash of this run");
      assertThat(asked.remember())
          .isEqualTo(
              new RunEvent.Suggestion(
                  "Bash(make test)", "From now on Bash(make test) runs without asking."));
    }
  }

  @Test
  void aWriteShowsTheDiffThatItWouldMake(@TempDir Path workspace) throws IOException {
    Files.writeString(workspace.resolve("a.txt"), "one\ntwo\nthree\n");
    try (ToolRig rig =
        asking(
            List.of(), "Write", "{\"file_path\":\"a.txt\",\"content\":\"one\\nTWO\\nthree\\n\"}")) {
      rig.sandbox.workspace = workspace;
      rig.step(new Phase.Asked());
      Content diff = rig.store.all(RunEvent.PermissionRequested.class).getFirst().diff();
      assertThat(diff)
          .isEqualTo(
              Content.text(
                  "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n"));
    }
  }

  @Test
  void aNewFileIsAllNew() {
    try (ToolRig rig =
        asking(List.of(), "Write", "{\"file_path\":\"b/a.txt\",\"content\":\"one\\n\"}")) {
      rig.step(new Phase.Asked());
      assertThat(rig.store.all(RunEvent.PermissionRequested.class).getFirst().diff())
          .isEqualTo(Content.text("--- /dev/null\n+++ b/b/a.txt\n@@ -0,0 +1,1 @@\n+one\n"));
    }
  }

  @Test
  void editedArgumentsAreWhatRunsAndTheModelIsTold() {
    String edited = "{\"command\":\"make check\"}";
    try (ToolRig rig = asking(List.of(), "Bash", LS)) {
      Reply asked = rig.step(new Phase.Asked());
      Reply done = rig.step(edit(rig, asked, edited, hash(edited)));
      assertThat(rig.told(done))
          .startsWith("A person changed the arguments of this call before allowing it.")
          .contains(edited)
          .endsWith("done");
      RunEvent.PermissionDecided decided =
          rig.store.all(RunEvent.PermissionDecided.class).getFirst();
      assertThat(decided.arguments()).isEqualTo(Content.text(edited));
      assertThat(decided.argumentsHash()).isEqualTo(hash(edited));
      RunEvent.ToolStarted started = rig.store.all(RunEvent.ToolStarted.class).getFirst();
      assertThat(started.argumentsHash()).isEqualTo(hash(edited));
      assertThat(rig.sandbox.commands.getFirst().argv()).contains("make check");
    }
  }

  @Test
  void afterADeathTheEditedCallIsTheOneThatGoesOn() {
    String edited = "{\"command\":\"make check\"}";
    for (int n = 1; n < 200; n++) {
      try (ToolRig rig = asking(List.of(), "Bash", LS)) {
        Phase decided = edit(rig, rig.step(new Phase.Asked()), edited, hash(edited));
        rig.store.crashes.at(n);
        Reply done = rig.stepUntilDone(decided);
        assertThat(rig.sandbox.begun).as("death %d", n).hasSize(1);
        assertThat(rig.sandbox.commands.getFirst().argv()).contains("make check");
        assertThat(rig.told(done)).contains(edited);
        if (rig.store.crashes.pending()) {
          assertThat(n).isGreaterThan(8);
          return;
        }
      }
    }
    throw new AssertionError("the deaths never end");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "{\"command\":7} ~ do not fit the tool: command: expected text, found the number 7",
        "{\"cmd\":\"ls\"} ~ do not fit the tool: command: is missing",
        "{\"command\":\"ls\",\"timeout\":0} ~ timeout: expected at least 1",
        "{\"command\":\"git push --force\"} ~ is not allowed: A rule denies this",
        "{\"command\":\"rm -rf /\"} ~ is not allowed: Command guard",
        "not json ~ not the one that was allowed"
      })
  void anEditThatIsNotAllowedRunsNothing(String edited, String told) {
    try (ToolRig rig = asking(List.of("Bash(git push --force*)"), "Bash", LS)) {
      Reply asked = rig.step(new Phase.Asked());
      String hash;
      try {
        hash = hash(edited);
      } catch (IllegalArgumentException e) {
        hash = "0".repeat(64);
      }
      Reply done = rig.step(edit(rig, asked, edited, hash));
      assertThat(rig.told(done)).contains(told);
      assertThat(rig.sandbox.begun).isEmpty();
      assertThat(rig.store.types()).contains("permission.decided", "tool.blocked");
    }
  }

  @Test
  void whatIsShownIsWhatWasHashed() {
    String edited = "{\"command\":\"make check\"}";
    try (ToolRig rig = asking(List.of(), "Bash", LS)) {
      RunEvent before =
          new RunEvent.PermissionDecided(
              "p0", "t1", "allow", "ada", null, null, hash(edited), Content.text(edited), null);
      rig.store.append(MemoryStore.RUN, List.of(new Fact("e0", "main", before)));
      rig.step(new Phase.Asked());
      RunEvent.PermissionRequested asked =
          rig.store.all(RunEvent.PermissionRequested.class).getFirst();
      assertThat(asked.argumentsHash()).isEqualTo(hash(rig.store.text(asked.arguments())));
      assertThat(asked.object()).isEqualTo("make check");
    }
  }

  @Test
  void anEditOfAnotherHashRunsNothing() {
    try (ToolRig rig = asking(List.of(), "Bash", LS)) {
      Reply asked = rig.step(new Phase.Asked());
      Reply done = rig.step(edit(rig, asked, "{\"command\":\"make x\"}", hash(LS)));
      assertThat(rig.told(done)).contains("not the one that was allowed");
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @Test
  void aRememberedRuleLetsItRunAndIsNamed() {
    try (ToolRig rig = asking(List.of(), "Bash", LS)) {
      rig.store.remembered.add(new Remembered("Bash(make *)", "p9"));
      rig.step(new Phase.Asked());
      assertThat(rig.store.all(RunEvent.ToolStarted.class).getFirst().gate())
          .isEqualTo(new RunEvent.GatePass("rule", "Bash(make *)", "p9"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {"Bash(make *) ~ true", "Bash(ls *) ~ false", "Bash(egress=x.test) ~ false"})
  void onlyARuleThatFitsIsRemembered(String rule, boolean kept) {
    try (ToolRig rig = asking(List.of(), "Bash", LS)) {
      Reply asked = rig.step(new Phase.Asked());
      RunEvent.Remembered remember = new RunEvent.Remembered("r1", "run", rule, null);
      rig.step(
          new Phase.Decided(
              new Signals.Decide(
                  "d1",
                  ((Reply.Waits) asked).waitId(),
                  true,
                  rig.hash(),
                  null,
                  "ada",
                  null,
                  null,
                  remember)));
      assertThat(rig.store.all(RunEvent.PermissionDecided.class).getFirst().remembered())
          .isEqualTo(kept ? remember : null);
      assertThat(rig.sandbox.begun).hasSize(1);
    }
  }

  @Test
  void anApprovalByOneOfTwoIsNotedOnce() {
    try (ToolRig rig = asking(List.of(), "Bash", LS)) {
      Reply asked = rig.step(new Phase.Asked());
      Signals.Decide said = ((Phase.Decided) rig.allow(asked, rig.hash())).decision();
      Phase approved = new Phase.Approved(said, 1, 2);
      assertThat(rig.step(approved)).isEqualTo(new Reply.Noted());
      assertThat(rig.step(approved)).isEqualTo(new Reply.Noted());
      assertThat(rig.store.all(RunEvent.PermissionApproved.class)).hasSize(1);
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "Write ~ {'file_path':'notes/a.md','File_path':'db/x.sql','content':'x'} ~ File_path: there"
            + " is no such argument",
        "Grep ~ {'pattern':'KEY','path':'secrets','file_path':'public/x'} ~ file_path: there is no",
        "Write ~ {'file_path':'notes/a.md'} ~ content: is missing",
        "Bash ~ {'command':['rm']} ~ command: expected text, found a list"
      })
  void argumentsThatDoNotFitTheToolRunNothing(String tool, String arguments, String told) {
    try (ToolRig rig =
        new ToolRig(
            Plans.rules(
                List.of("Write(path=**/*.sql)"),
                List.of(),
                List.of("Write(path=notes/**)", "Grep", "Bash")),
            tool,
            arguments.replace('\'', '"'))) {
      assertThat(rig.told(rig.step(new Phase.Asked())))
          .contains("The arguments do not fit " + tool + ": " + told)
          .endsWith("Nothing was run; mend them and call again.");
      assertThat(rig.sandbox.begun).isEmpty();
      assertThat(rig.store.all(RunEvent.ToolBlocked.class).getFirst().by()).isEqualTo("builtin");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SendEmail | {\"to\":[\"a@example.com\"],\"subject\":\"s\",\"body\":\"b\"} | true",
        "WebFetch | {\"url\":\"https://a.demo.test/a\"} | true",
        "Write | {\"file_path\":\"a\",\"content\":\"b\"} | false",
        "Read | {\"file_path\":\"a\"} | false",
        "Bash | {\"command\":\"make test\"} | true",
      })
  void whatHadBegunBeforeARollbackOrForkIsAskedIfItReachesOut(
      String tool, String arguments, boolean asked) {
    for (String former : List.of("e1/main/t1/started-1", "e0/main/t1/started-1")) {
      Blueprint plan = Plans.rules(List.of(), List.of(), List.of(tool));
      try (ToolRig rig = new ToolRig(plan, tool, arguments)) {
        rig.store.append(MemoryStore.RUN, List.of(), former, "");
        Reply reply = rig.step(2, new Phase.Asked());
        List<RunEvent.PermissionRequested> permissions =
            rig.store.all(RunEvent.PermissionRequested.class);
        assertThat(permissions).hasSize(asked ? 1 : 0);
        if (asked) {
          assertThat(reply).isInstanceOf(Reply.Waits.class);
          assertThat(permissions.getFirst().because()).contains("begun before the rollback");
        }
      }
    }
  }

  /** Under other ids: the same call again, and from a sub-agent one like it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SendEmail | main | call | true",
        "SendEmail | main | other | false",
        "SendEmail | main | below | false",
        "SendEmail | main/2 | below | true",
        "SendEmail | main/2/1 | call | true",
        "SendEmail | main/2 | other | false",
        "WebFetch | main/2 | below | false",
        "Bash | main | call | false",
        "Bash | main/2 | call | true",
        "Bash | main/2 | below | false",
        "Write | main/2 | call | false"
      })
  void whatWasTakenBackIsAskedAgain(String tool, String agent, String noted, boolean asked) {
    Map<String, String> arguments =
        Map.of(
            "SendEmail", "{\"to\":[\"a@example.com\"],\"subject\":\"s\",\"body\":\"b\"}",
            "WebFetch", "{\"url\":\"https://a.demo.test/a\"}",
            "Bash", "{\"command\":\"make test\"}",
            "Write", "{\"file_path\":\"a\",\"content\":\"b\"}");
    Blueprint plan = Plans.rules(List.of(), List.of(), List.of(tool, "Bash(egress=a.demo.test)"));
    try (ToolRig rig = new ToolRig(plan, tool, String.valueOf(arguments.get(tool)))) {
      for (String sub : List.of("main/2", "main/2/1")) {
        rig.store.append(
            MemoryStore.RUN,
            List.of(
                new Fact(
                    "spawned-" + sub,
                    "main",
                    new RunEvent.SubagentSpawned(
                        sub, "x", "", 1, List.of(tool), Content.text("p")))));
      }
      String key =
          switch (noted) {
            case "call" -> TakenBack.call(tool, rig.hash());
            case "below" -> TakenBack.bySubagent(tool);
            default -> TakenBack.call(tool, "other");
          };
      rig.store.append(MemoryStore.RUN, List.of(), key, "");
      rig.step(2, agent, new Phase.Asked());
      List<RunEvent.PermissionRequested> permissions =
          rig.store.all(RunEvent.PermissionRequested.class);
      assertThat(permissions).hasSize(asked ? 1 : 0);
      if (asked) {
        assertThat(permissions.getFirst().because()).contains("before the rollback or fork");
      }
    }
  }
}
