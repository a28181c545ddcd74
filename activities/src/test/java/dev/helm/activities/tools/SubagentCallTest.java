package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.agents.AgentView;
import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.SubAgent;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a call of the tool Agent may begin, and what comes of its end. */
class SubagentCallTest {
  private static final String PROMPT = "\"description\":\"reads\",\"prompt\":\"Read it.\"";

  private static Blueprint plan(int subAgents, int depth) {
    Blueprint all = Plans.rules(List.of(), List.of(), List.of("Agent", "Bash", "Read"));
    Blueprint tools = all.withTools(List.of("Bash", "Read", "Agent"));
    return new Blueprint(
        tools.name(),
        tools.description(),
        tools.project(),
        tools.agent(),
        tools.model(),
        tools.instructions(),
        tools.task(),
        tools.inputs(),
        tools.tools(),
        tools.permissions(),
        tools.budget(),
        new Blueprint.Limits(50, 3_600_000, 0, subAgents, depth),
        tools.egress(),
        tools.sandbox());
  }

  private static ToolRig rig(Blueprint plan, String members) {
    return new ToolRig(plan, "Agent", "{" + members + "}");
  }

  private static void spawned(ToolRig rig, int n, String agent) {
    rig.store.append(
        MemoryStore.RUN,
        List.of(
            new Fact(
                "subagents/" + n,
                "main",
                new RunEvent.SubagentSpawned(
                    agent, "x" + n, "", 1, List.of("Read", "Agent"), Content.text("p")))));
  }

  @Test
  void itBeginsWithTheParentsToolsAndANumberOfItsOwn() {
    try (ToolRig rig = rig(plan(16, 2), PROMPT)) {
      spawned(rig, 1, "main/1");
      spawned(rig, 2, "main/1/1");
      assertThat(rig.step(new Phase.Asked())).isEqualTo(new Reply.Spawns("main/2"));
      RunEvent.SubagentSpawned event = rig.store.all(RunEvent.SubagentSpawned.class).getLast();
      assertThat(event.tools()).containsExactly("Bash", "Read", "Agent");
      assertThat(event.depth()).isEqualTo(1);
      assertThat(rig.store.text(event.prompt())).isEqualTo("Read it.");
      // Asked again after a lost answer: the same one.
      assertThat(rig.step(new Phase.Asked())).isEqualTo(new Reply.Spawns("main/2"));
      assertThat(rig.store.types()).endsWith("tool.started", "subagent.spawned");
    }
  }

  @Test
  void oneThatTheBlueprintNamesHasItsToolsAndInstructions() {
    SubAgent reviewer = new SubAgent("Reviews", "You review.", List.of("Read"), "claude-small");
    Blueprint plan = withSubAgents(plan(16, 2), Map.of("reviewer", reviewer));
    try (ToolRig rig = rig(plan, PROMPT + ",\"subagent_type\":\"reviewer\"")) {
      assertThat(rig.step(new Phase.Asked())).isEqualTo(new Reply.Spawns("main/1"));
      RunEvent.SubagentSpawned event = rig.store.all(RunEvent.SubagentSpawned.class).getLast();
      assertThat(event.kind()).isEqualTo("reviewer");
      assertThat(event.tools()).containsExactly("Read");
      Blueprint seen = AgentView.of(rig.store, MemoryStore.RUN, "main/1").blueprint();
      assertThat(seen.instructions()).isEqualTo("You review.");
      assertThat(seen.model().name()).isEqualTo("claude-small");
      assertThat(seen.tools()).containsExactly("Read");
      assertThat(AgentView.instructions(plan)).contains("- reviewer: Reviews");
      assertThat(AgentView.instructions(seen)).isEqualTo("You review.");
    }
    try (ToolRig rig = rig(plan, PROMPT + ",\"subagent_type\":\"nobody\"")) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("one of reviewer");
    }
  }

  private static Blueprint withSubAgents(Blueprint b, Map<String, SubAgent> subAgents) {
    return new Blueprint(
        b.name(),
        b.description(),
        b.project(),
        b.agent(),
        b.model(),
        b.instructions(),
        b.task(),
        b.inputs(),
        b.tools(),
        b.permissions(),
        b.budget(),
        b.limits(),
        b.egress(),
        b.sandbox(),
        null,
        Map.of(),
        Map.of(),
        Map.of(),
        Map.of(),
        Map.of(),
        subAgents,
        null);
  }

  @Test
  void atTheDeepestLevelNobodyGetsTheToolAgent() {
    try (ToolRig rig = rig(plan(16, 1), PROMPT)) {
      rig.step(new Phase.Asked());
      assertThat(rig.store.all(RunEvent.SubagentSpawned.class).getFirst().tools())
          .containsExactly("Bash", "Read");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"tools\":[\"Read\",\"SendEmail\"] | no tool named SendEmail",
        "\"tools\":[\"AskPerson\"] | no tool named AskPerson",
        "\"tools\":\"Read\" | list of names",
        "\"tools\":[1] | list of names",
        "\"prompt\":\" \" | prompt is missing"
      })
  void whatItMayNotHaveIsRefusedAndSaid(String member, String told) {
    String members = member.startsWith("\"prompt") ? member : PROMPT + "," + member;
    try (ToolRig rig = rig(plan(16, 2), members)) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains(told);
      assertThat(rig.store.types()).containsExactly("tool.requested", "tool.blocked");
    }
  }

  @Test
  void thereAreNoMoreThanTheBlueprintAllows() {
    try (ToolRig rig = rig(plan(2, 2), PROMPT)) {
      spawned(rig, 1, "main/1");
      spawned(rig, 2, "main/2");
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("limits.subAgents");
    }
  }

  @Test
  void oneThatARollbackTookBackCountsNoMoreButItsLabelIsNotUsedAgain() {
    try (ToolRig rig = rig(plan(2, 2), PROMPT)) {
      spawned(rig, 1, "main/1");
      spawned(rig, 2, "main/2");
      rig.store.takenBack.add("main/2");
      assertThat(rig.step(new Phase.Asked())).isEqualTo(new Reply.Spawns("main/3"));
    }
  }

  @Test
  void itsEndClosesWhatItLeftOpenAndItsLastWordIsTheResult() {
    try (ToolRig rig = rig(plan(16, 2), PROMPT)) {
      rig.step(new Phase.Asked());
      String hash = rig.hash();
      RunEvent.GatePass gate = new RunEvent.GatePass("rule", "Bash", null);
      rig.store.append(
          MemoryStore.RUN,
          List.of(
              new Fact("a/begins", "main/1", new RunEvent.ToolStarted("a", "Bash", hash, gate, 1)),
              new Fact("b/begins", "main/9", new RunEvent.ToolStarted("b", "Bash", hash, gate, 1)),
              new Fact(
                  "said",
                  "main/1",
                  new RunEvent.ModelMessage(
                      1, Content.text("It says 42."), "m", "end_turn", "m1", 1, 1, 0, 0))));
      Reply reply = rig.step(new Phase.Returned("main/1", "succeeded", null));
      assertThat(rig.told(reply)).isEqualTo("It says 42.");
      assertThat(rig.store.types()).endsWith("tool.finished", "subagent.finished", "tool.finished");
      assertThat(rig.store.openCalls(MemoryStore.RUN))
          .extracting(call -> call.toolUseId())
          .containsExactly("b");
    }
  }

  @Test
  void oneThatFailedSaysWhyAndWhatItSaidLast() {
    try (ToolRig rig = rig(plan(16, 2), PROMPT)) {
      rig.step(new Phase.Asked());
      Reply reply = rig.step(new Phase.Returned("main/1", "failed", "limit reached"));
      assertThat(rig.told(reply)).isEqualTo("The sub-agent failed: limit reached");
      assertThat(((Reply.Done) reply).result().error()).isTrue();
    }
  }
}
