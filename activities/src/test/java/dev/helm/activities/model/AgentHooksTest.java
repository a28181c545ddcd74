package dev.helm.activities.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.model.TinyModel.Call;
import dev.helm.activities.run.HostHooks;
import dev.helm.activities.run.Plans;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Hook;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Signals;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Hooks between an agent's turns, with the real workflow: start, steering, stop. */
@Timeout(60)
class AgentHooksTest {
  private static final String LS = "{\"command\":\"ls\"}";

  @TempDir Path folder;

  private ModelRig run(TinyModel model, HookEvent event, String script) {
    Blueprint plan =
        Plans.with(
            Plans.open(),
            Map.of(),
            Map.of(event, List.of(new Hook("", List.of("./h.sh"), 5_000))),
            Map.of("h.sh", "#!/bin/sh\n" + script + "\n"));
    return new ModelRig(model.uri(), "go", plan, new HostHooks(folder));
  }

  /** What the user said in the request, all of it. */
  private static String user(TinyModel model, int request) {
    JsonNode messages = model.asked.get(request).path("messages");
    return messages.get(messages.size() - 1).toString();
  }

  @Test
  void whatAHookSaysAtTheStartIsReadWithTheTask() throws Exception {
    try (TinyModel model = new TinyModel().says("Done.");
        ModelRig run = run(model, HookEvent.SESSION_START, "echo 'the branch is main'")) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(user(model, 0)).contains("go", "the branch is main");
    }
  }

  @Test
  void withoutItsStartingHookARunDoesNotBegin() throws Exception {
    try (TinyModel model = new TinyModel().says("Done.");
        ModelRig run = run(model, HookEvent.SESSION_START, "exit 3")) {
      RunEvent.RunFinished end = run.end();
      assertThat(end.outcome()).isEqualTo("failed");
      assertThat(end.reason()).contains("./h.sh", "exit code 3");
      assertThat(model.asked).isEmpty();
    }
  }

  @Test
  void aStopHookGivesTheAgentAnotherTurnWithItsReason() throws Exception {
    Path done = folder.resolve("done");
    String script =
        "cat > input; [ -e done ] && exit 0; touch done; echo 'write the tests first' >&2; exit 2";
    try (TinyModel model = new TinyModel().says("Done.").says("Tests are written.");
        ModelRig run = run(model, HookEvent.STOP, script)) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(model.asked).hasSize(2);
      assertThat(user(model, 1)).contains("not done", "write the tests first");
      assertThat(Files.exists(done)).isTrue();
      assertThat(Files.readString(folder.resolve("input"))).contains("\"stop_hook_active\":true");
      assertThat(run.store.all(RunEvent.HookRan.class))
          .extracting(RunEvent.HookRan::outcome)
          .containsExactly("blocked", "passed");
    }
  }

  @Test
  void aStopHookThatIsNeverContentIsHeardEightTimes() throws Exception {
    TinyModel model = new TinyModel();
    for (int i = 0; i < 12; i++) {
      model.says("Done " + i + ".");
    }
    try (model;
        ModelRig run = run(model, HookEvent.STOP, "exit 1")) {
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      assertThat(model.asked).hasSize(9);
    }
  }

  @Test
  void steeringIsReadWithAHooksWordsOrKeptBack() throws Exception {
    String script = "grep -q secret && { echo 'no secrets here' >&2; exit 2; }; echo 'on a Friday'";
    try (TinyModel model =
            new TinyModel().says("Look.", new Call("t1", "Bash", LS)).says("Good.").says("End.");
        ModelRig run = run(model, HookEvent.USER_PROMPT_SUBMIT, script)) {
      run.store.queue("m1", "be quick");
      run.workflow.message(new Signals.Message("m1", false));
      run.store.queue("m2", "the secret is x");
      run.workflow.message(new Signals.Message("m2", false));
      assertThat(run.end().outcome()).isEqualTo("succeeded");
      String all = model.asked.toString();
      assertThat(all).contains("be quick", "on a Friday").doesNotContain("the secret is x");
      assertThat(run.store.all(RunEvent.HookRan.class))
          .extracting(RunEvent.HookRan::outcome)
          .containsExactly("passed", "blocked");
    }
  }
}
