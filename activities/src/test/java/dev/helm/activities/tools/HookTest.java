package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.run.HostHooks;
import dev.helm.activities.run.Plans;
import dev.helm.activities.secret.Secrets;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Hook;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Hooks around a tool call: what they are told, what their answers do, and what unclear ones do.
 */
@Timeout(60)
class HookTest {
  private static final String LS = "{\"command\":\"ls -l\"}";

  @TempDir Path folder;

  private HostHooks hooks = new HostHooks(Path.of("none"));

  private ToolRig rig(Blueprint rules, HookEvent event, String... scripts) {
    return rig(rules, "Bash", LS, event, "", scripts);
  }

  private ToolRig rig(
      Blueprint rules,
      String tool,
      String arguments,
      HookEvent event,
      String matcher,
      String... scripts) {
    Map<String, String> files = new LinkedHashMap<>();
    List<Hook> all = new java.util.ArrayList<>();
    for (int i = 0; i < scripts.length; i++) {
      files.put("h" + i + ".sh", "#!/bin/sh\n" + scripts[i] + "\n");
      all.add(new Hook(matcher, List.of("./h" + i + ".sh"), 2_000));
    }
    hooks = new HostHooks(folder);
    return new ToolRig(
        Plans.with(rules, Map.of(), Map.of(event, all), files),
        tool,
        arguments,
        null,
        new Elsewhere(RunTools.NATIVE, Secrets.none(), null, hooks));
  }

  private static String decides(String word, String more) {
    return "cat >/dev/null; echo '{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\","
        + "\"permissionDecision\":\""
        + word
        + "\",\"permissionDecisionReason\":\"so says the hook\""
        + more
        + "}}'";
  }

  private static RunEvent.HookRan ran(ToolRig rig) {
    return rig.store.all(RunEvent.HookRan.class).getLast();
  }

  @Test
  void aHookIsToldOfTheCallAndSilenceIsNoOpinion() {
    try (ToolRig rig = rig(Plans.open(), HookEvent.PRE_TOOL_USE, "exit 0")) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).isEqualTo("done");
      JsonNode told = HelmJson.read(hooks.told.getFirst(), JsonNode.class);
      assertThat(told.path("hook_event_name").asText()).isEqualTo("PreToolUse");
      assertThat(told.path("session_id").asText()).hasSize(32);
      assertThat(told.path("cwd").asText()).isEqualTo("/workspace");
      assertThat(told.path("tool_name").asText()).isEqualTo("Bash");
      assertThat(told.path("tool_input").path("command").asText()).isEqualTo("ls -l");
      assertThat(told.path("tool_use_id").asText()).isEqualTo("t1");
      assertThat(ran(rig).outcome()).isEqualTo("passed");
      assertThat(rig.store.types()).startsWith("tool.requested", "hook.ran", "tool.started");
    }
  }

  @Test
  void exitTwoAndADenyBlockWhateverRulesAllow() {
    for (String script : List.of("echo 'not today' >&2; exit 2", decides("deny", ""))) {
      try (ToolRig rig = rig(Plans.open(), HookEvent.PRE_TOOL_USE, script)) {
        assertThat(rig.told(rig.step(new Phase.Asked())))
            .startsWith("Not allowed: the hook ./h0.sh says: ")
            .containsAnyOf("not today", "so says the hook");
        assertThat(rig.sandbox.begun).isEmpty();
        assertThat(rig.store.all(RunEvent.ToolBlocked.class).getFirst().by()).isEqualTo("hook");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "exit 1",
        "echo garbage",
        "echo '{\"hookSpecificOutput\":'",
        "echo '[]'",
        "echo '{\"decision\":\"maybe\"}'",
        "echo '{\"decision\":[\"block\"]}'",
        "echo '{\"decision\":{}}'",
        "echo '{\"continue\":\"false\"}'",
        "echo '{\"continue\":0}'",
        "echo '{\"hookSpecificOutput\":[]}'",
        "echo '{\"hookSpecificOutput\":{\"permissionDecision\":[\"deny\"]}}'",
        "echo '{\"hookSpecificOutput\":{\"hookEventName\":[],\"permissionDecision\":\"allow\"}}'",
        "echo '{\"hookSpecificOutput\":{\"hookEventName\":\"Stop\"}}'",
        "echo '{\"hookSpecificOutput\":{\"updatedInput\":\"text\"}}'",
        "echo '{\"hookSpecificOutput\":{\"updatedInput\":{\"command\":\"ls\",\"timeout\":99999999999999999999}}}'",
        "head -c 1000000 /dev/urandom",
        "yes '{\"a\":' | head -c 200000",
        "kill -9 $$",
        "sleep 30",
        "printf '\\033[31m'; exit 7",
        "exec /no/such/program"
      })
  void whatIsNoClearAnswerBlocks(String script) {
    try (ToolRig rig = rig(Plans.open(), HookEvent.PRE_TOOL_USE, script)) {
      String told = rig.told(rig.step(new Phase.Asked()));
      assertThat(told).as(script).contains("./h0.sh", "it did not work");
      assertThat(told.length()).isLessThan(2_500);
      assertThat(told.chars().noneMatch(c -> c == 0x1b)).isTrue();
      assertThat(rig.sandbox.begun).as(script).isEmpty();
      assertThat(ran(rig).outcome()).isEqualTo("failed");
    }
  }

  @Test
  void anAllowStandsWhereNoRuleSpeaksAndBeatsNeitherAskNorDeny() {
    Blueprint none = Plans.rules(List.of(), List.of(), List.of());
    try (ToolRig rig = rig(none, HookEvent.PRE_TOOL_USE, decides("allow", ""))) {
      rig.step(new Phase.Asked());
      assertThat(rig.store.all(RunEvent.ToolStarted.class).getFirst().gate())
          .isEqualTo(new RunEvent.GatePass("hook", "./h0.sh", null));
    }
    Blueprint asks = Plans.rules(List.of(), List.of("Bash(ls*)"), List.of());
    try (ToolRig rig = rig(asks, HookEvent.PRE_TOOL_USE, decides("allow", ""))) {
      assertThat(rig.step(new Phase.Asked())).isInstanceOf(Reply.Waits.class);
    }
    Blueprint denies = Plans.rules(List.of("Bash(ls*)"), List.of(), List.of());
    try (ToolRig rig = rig(denies, HookEvent.PRE_TOOL_USE, decides("allow", ""))) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("A rule denies");
    }
    try (ToolRig rig =
        rig(
            none,
            "Bash",
            "{\"command\":\"rm -rf /\"}",
            HookEvent.PRE_TOOL_USE,
            "",
            decides("allow", ""))) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("Command guard");
    }
  }

  @Test
  void anAskIsAskedThoughARuleAllows() {
    try (ToolRig rig = rig(Plans.open(), HookEvent.PRE_TOOL_USE, decides("ask", ""))) {
      Reply asked = rig.step(new Phase.Asked());
      assertThat(asked).isInstanceOf(Reply.Waits.class);
      assertThat(rig.store.all(RunEvent.PermissionRequested.class).getFirst().rule())
          .isEqualTo("hook ./h0.sh");
      assertThat(rig.told(rig.step(rig.allow(asked, rig.hash())))).isEqualTo("done");
      assertThat(hooks.told).as("asked once").hasSize(1);
    }
  }

  @Test
  void changedArgumentsAreLoggedLookedAtAgainAndTold() {
    String change = ",\"updatedInput\":{\"command\":\"ls -a\"}";
    try (ToolRig rig = rig(Plans.open(), HookEvent.PRE_TOOL_USE, decides("allow", change))) {
      Reply reply = rig.step(new Phase.Asked());
      assertThat(rig.told(reply)).contains("A hook changed the arguments", "ls -a", "done");
      assertThat(rig.sandbox.commands.getFirst().argv()).contains("ls -a");
      assertThat(ran(rig).outcome()).isEqualTo("changed");
      assertThat(rig.store.all(RunEvent.ToolStarted.class).getFirst().argumentsHash())
          .isEqualTo(ran(rig).argumentsHash())
          .isNotEqualTo(rig.hash());
    }
    Blueprint denies = Plans.rules(List.of("Bash(ls -a*)"), List.of(), List.of("Bash"));
    try (ToolRig rig = rig(denies, HookEvent.PRE_TOOL_USE, decides("allow", change))) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("A rule denies");
    }
    String wipes = ",\"updatedInput\":{\"command\":\"rm -rf /\"}";
    try (ToolRig rig = rig(Plans.open(), HookEvent.PRE_TOOL_USE, decides("allow", wipes))) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("Command guard");
    }
    String misfit = ",\"updatedInput\":{\"cmd\":\"ls\"}";
    try (ToolRig rig = rig(Plans.open(), HookEvent.PRE_TOOL_USE, decides("allow", misfit))) {
      assertThat(rig.told(rig.step(new Phase.Asked())))
          .contains("the hook ./h0.sh", "do not fit Bash");
      assertThat(rig.sandbox.begun).isEmpty();
    }
  }

  @Test
  void whatAHookMadeOfACallIsWhatPeopleAreShownAndWhatRuns() {
    Blueprint asks = Plans.rules(List.of(), List.of("Bash"), List.of());
    try (ToolRig rig =
        rig(
            asks,
            HookEvent.PRE_TOOL_USE,
            decides("ask", ",\"updatedInput\":{\"command\":\"ls -a\"}"))) {
      Reply asked = rig.step(new Phase.Asked());
      RunEvent.PermissionRequested shown =
          rig.store.all(RunEvent.PermissionRequested.class).getFirst();
      assertThat(rig.store.text(shown.arguments())).contains("ls -a");
      assertThat(rig.told(rig.step(rig.allow(asked, rig.hash())))).contains("not the one");
    }
    try (ToolRig rig =
        rig(
            asks,
            HookEvent.PRE_TOOL_USE,
            decides("ask", ",\"updatedInput\":{\"command\":\"ls -a\"}"))) {
      Reply asked = rig.step(new Phase.Asked());
      String hash = rig.store.all(RunEvent.PermissionRequested.class).getFirst().argumentsHash();
      assertThat(rig.told(rig.step(rig.allow(asked, hash)))).contains("A hook changed", "done");
      assertThat(rig.sandbox.commands.getFirst().argv()).contains("ls -a");
    }
  }

  @Test
  void whatAPersonMadeOfACallPassesTheHooksAgain() {
    Blueprint asks = Plans.rules(List.of(), List.of("Bash"), List.of());
    String script = "grep -q 'rm secret' && { echo 'never that' >&2; exit 2; }; exit 0";
    for (String command : List.of("rm secret", "ls -R")) {
      try (ToolRig rig = rig(asks, HookEvent.PRE_TOOL_USE, script)) {
        Reply asked = rig.step(new Phase.Asked());
        String text = "{\"command\":\"" + command + "\"}";
        String hash = dev.helm.workflows.decide.ToolCall.of("t1", "Bash", text).argumentsHash();
        Signals.Edited edited =
            new Signals.Edited(
                rig.store.put(text.getBytes(StandardCharsets.UTF_8), "application/json"), hash);
        Signals.Decide decide =
            new Signals.Decide(
                "d1",
                ((Reply.Waits) asked).waitId(),
                true,
                rig.hash(),
                null,
                "ada",
                null,
                edited,
                null);
        String told = rig.told(rig.step(new Phase.Decided(decide)));
        if (command.startsWith("rm")) {
          assertThat(told).contains("never that");
          assertThat(rig.sandbox.begun).isEmpty();
        } else {
          assertThat(told).contains("A person changed", "done");
        }
        assertThat(hooks.told).hasSize(2);
      }
    }
  }

  @Test
  void hooksAreAskedInOrderAndTheFirstDenialIsTheLast() {
    String adds =
        decides("allow", ",\"updatedInput\":{\"command\":\"ls -1\"},\"additionalContext\":\"one\"");
    try (ToolRig rig =
        rig(
            Plans.open(),
            HookEvent.PRE_TOOL_USE,
            adds,
            "grep -q 'ls -1' || exit 2",
            "echo no >&2; exit 2",
            "exit 0")) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("./h2.sh says: no", "one");
      assertThat(hooks.told).hasSize(3);
    }
  }

  @Test
  void onlyAHookThatTheToolMatchesIsAsked() {
    for (Map.Entry<String, Boolean> each :
        Map.of(
                "Bash",
                true,
                "Edit|Write",
                false,
                "Ba.*",
                true,
                "ash",
                false,
                "*",
                true,
                "mcp__.*",
                false)
            .entrySet()) {
      try (ToolRig rig =
          rig(Plans.open(), "Bash", LS, HookEvent.PRE_TOOL_USE, each.getKey(), "exit 2")) {
        rig.step(new Phase.Asked());
        assertThat(rig.sandbox.begun.isEmpty()).as(each.getKey()).isEqualTo(each.getValue());
      }
    }
  }

  @Test
  void afterwardsAHookMayObjectOrAdd() {
    String objects =
        "cat >/dev/null; echo '{\"decision\":\"block\",\"reason\":\"tests fail\","
            + "\"hookSpecificOutput\":{\"additionalContext\":\"see log\"}}'";
    try (ToolRig rig = rig(Plans.open(), HookEvent.POST_TOOL_USE, objects)) {
      String told = rig.told(rig.step(new Phase.Asked()));
      assertThat(told).startsWith("done").contains("tests fail", "see log");
      JsonNode input = HelmJson.read(hooks.told.getFirst(), JsonNode.class);
      assertThat(input.path("tool_response").path("content").asText()).isEqualTo("done");
      assertThat(rig.store.types())
          .containsSubsequence("tool.started", "tool.finished", "hook.ran");
    }
    try (ToolRig rig = rig(Plans.open(), HookEvent.POST_TOOL_USE, "exit 0")) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).isEqualTo("done");
    }
  }

  @Test
  void howeverItDiesTheEffectHappensOnceAndTheResultHasTheHooksWords() {
    String adds =
        "cat >/dev/null; echo '{\"hookSpecificOutput\":{\"additionalContext\":\"seen\"}}'";
    boolean died = true;
    for (int point = 1; died; point++) {
      try (ToolRig rig = rig(Plans.open(), HookEvent.POST_TOOL_USE, adds)) {
        rig.store.crashes.at(point);
        Reply reply = rig.stepUntilDone(new Phase.Asked());
        died = !rig.store.crashes.pending();
        assertThat(rig.told(reply)).as("died at " + point).startsWith("done").endsWith("seen");
        assertThat(rig.sandbox.begun).as("died at " + point).hasSize(1);
        assertThat(rig.store.all(RunEvent.ToolFinished.class)).hasSize(1);
        assertThat(rig.store.all(RunEvent.HookRan.class)).hasSize(1);
      }
    }
  }

  @Test
  void whoeverIsToldOfAWaitHoldsNothingUp() {
    Blueprint asks = Plans.rules(List.of(), List.of("Bash"), List.of());
    try (ToolRig rig = rig(asks, HookEvent.NOTIFICATION, "exit 1")) {
      assertThat(rig.step(new Phase.Asked())).isInstanceOf(Reply.Waits.class);
      long deadline = System.nanoTime() + 30_000_000_000L;
      while (rig.store.all(RunEvent.HookRan.class).isEmpty()) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.onSpinWait();
      }
      assertThat(hooks.told.getFirst()).contains("permission_prompt", "use Bash");
    }
  }

  @Test
  void whereNothingCanRunAHookItBlocks() {
    Blueprint plan =
        Plans.with(
            Plans.open(),
            Map.of(),
            Map.of(HookEvent.PRE_TOOL_USE, List.of(new Hook("", List.of("true"), 1_000))),
            Map.of());
    try (ToolRig rig = new ToolRig(plan, "Bash", LS)) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("no container engine");
    }
  }
}
