package dev.helm.activities.foreign.claude;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.foreign.AgentEvents;
import dev.helm.activities.foreign.Given;
import dev.helm.activities.foreign.Next;
import dev.helm.activities.foreign.SessionStart;
import dev.helm.activities.images.ImageRecipe;
import dev.helm.activities.practice.PracticeModel;
import dev.helm.activities.run.Plans;
import dev.helm.activities.sandbox.AgentDoor;
import dev.helm.activities.sandbox.AgentLab;
import dev.helm.activities.sandbox.BoxSpec;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.sandbox.SandboxRefused;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.ToolDefinition;
import dev.helm.api.RunStatus;
import dev.helm.api.Secret;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real runtime in real containers; only the model is the practice model. */
@Tag("engine")
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class ClaudeRuntimeTest {
  private static final List<ToolDefinition> TOOLS =
      List.of(
          new ToolDefinition(
              "Lookup",
              "Looks something up.",
              HelmJson.read(
                  "{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\"}},\"required\":[\"q\"]}",
                  JsonNode.class)));

  @TempDir static Path folder;
  private static PracticeModel model;
  private static Gates gates;
  private static AgentLab lab;

  @BeforeAll
  static void open() throws IOException {
    for (String name : List.of("main", "sub")) {
      try (var in = ClaudeRuntimeTest.class.getResourceAsStream(name + ".scenario.yaml")) {
        Files.copy(in, folder.resolve(name + ".scenario.yaml"));
      }
    }
    model = PracticeModel.start(0, List.of(folder), false);
    gates = new Gates();
    AgentDoor door = AgentDoor.forward("model", new InetSocketAddress("127.0.0.1", model.port()));
    lab = AgentLab.open(ClaudeImage.recipe(List.of()), List.of(door, gates.door()));
  }

  @AfterAll
  static void close() throws IOException {
    if (lab != null) {
      lab.close();
    }
    if (model != null) {
      model.close();
    }
  }

  /** Plays the workflow's part: gate, effect, conversation. */
  private static final class Loop {
    final String run;
    final List<String> history = new ArrayList<>();
    final List<String> seen = new ArrayList<>();
    final List<String> unknown = new ArrayList<>();
    final StringBuilder live = new StringBuilder();
    final List<String> told = java.util.Collections.synchronizedList(new ArrayList<>());
    Predicate<Next.Asked> denies = call -> false;
    Predicate<Next.Asked> killsDuring = call -> false;
    UnaryOperator<String> changes = arguments -> arguments;
    int lives;
    int subagents;
    Boxes boxes = lab.boxes();

    Loop() throws IOException {
      run = lab.newRun();
    }

    String toTheEnd() throws Exception {
      for (; lives < 6; lives++) {
        String end = life();
        if (end != null) {
          return end;
        }
      }
      throw new AssertionError("it does not end: " + seen);
    }

    private @Nullable String life() throws Exception {
      try (ClaudeSdkDriver driver = new ClaudeSdkDriver(boxes, start -> TOOLS, gates)) {
        driver.start(start());
        if (history.isEmpty()) {
          said("user", List.of(text("sdk runtime test")));
        }
        Given given = Given.NOTHING;
        while (true) {
          Next next = driver.next(given);
          switch (next) {
            case Next.Calls calls -> given = take(driver, calls);
            case Next.Ended ended -> {
              return ended.said();
            }
            case Next.Lost lost -> {
              return null;
            }
            case Next.Failed failed -> throw new AssertionError(failed.reason());
            case Next.Interrupted interrupted -> given = Given.NOTHING;
          }
        }
      }
    }

    private Given take(ClaudeSdkDriver driver, Next.Calls calls) throws Exception {
      List<ObjectNode> uses = new ArrayList<>();
      if (!calls.said().isEmpty()) {
        uses.add(text(calls.said()));
      }
      for (Next.Asked call : calls.calls()) {
        seen.add(
            (call.agent() == null ? "" : call.agent() + " ")
                + call.tool()
                + " "
                + call.arguments());
        ObjectNode use = HelmJson.mapper().createObjectNode().put("type", "tool_use");
        use.put("id", call.toolUseId()).put("name", call.tool());
        uses.add(use.set("input", HelmJson.read(call.arguments(), JsonNode.class)));
      }
      said("assistant", uses);
      List<Given.Result> results = new ArrayList<>();
      for (Next.Asked call : calls.calls()) {
        results.add(result(driver, call));
      }
      List<ObjectNode> blocks = new ArrayList<>();
      for (Given.Result each : results) {
        ObjectNode block = HelmJson.mapper().createObjectNode().put("type", "tool_result");
        block.put("tool_use_id", each.toolUseId()).put("content", each.text());
        blocks.add(block.put("is_error", each.error()));
      }
      said("user", blocks);
      return new Given(results, List.of());
    }

    private Given.Result result(ClaudeSdkDriver driver, Next.Asked call) throws Exception {
      if (denies.test(call)) {
        return new Given.Result(call.toolUseId(), "Denied by a rule.", true);
      }
      if (call.tool().equals("AskPerson")) {
        return new Given.Result(call.toolUseId(), "B", false);
      }
      if (call.tool().equals("Lookup")) {
        return new Given.Result(call.toolUseId(), "looked up: 42", false);
      }
      if (killsDuring.test(call)) {
        Thread killer =
            Thread.ofVirtual()
                .start(
                    () -> {
                      waitFor(lab.workspace(run).resolve("begun"));
                      lab.killContainer(run);
                    });
        Effect.Result result = driver.perform(call.toolUseId(), call.tool(), call.arguments());
        killer.join();
        assertThat(result).isInstanceOf(Effect.Result.Unknown.class);
        unknown.add(call.toolUseId());
        return new Given.Result(call.toolUseId(), Transcript.UNKNOWN, true);
      }
      if (call.tool().equals("Agent")) {
        driver.spawns(call.toolUseId(), "main/" + ++subagents);
      }
      Effect.Result result =
          driver.perform(call.toolUseId(), call.tool(), changes.apply(call.arguments()));
      assertThat(result).isInstanceOf(Effect.Result.Ended.class);
      var end = ((Effect.Result.Ended) result).end();
      return new Given.Result(call.toolUseId(), end.forModel(), end.error());
    }

    private static void waitFor(Path file) {
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (!Files.exists(file) && System.nanoTime() < until) {
        Thread.onSpinWait();
        java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
      }
    }

    private void said(String role, List<ObjectNode> blocks) {
      ObjectNode message = HelmJson.mapper().createObjectNode().put("role", role);
      ArrayNode content = message.putArray("content");
      blocks.forEach(content::add);
      history.add(message.toString());
    }

    private static ObjectNode text(String text) {
      return HelmJson.mapper().createObjectNode().put("type", "text").put("text", text);
    }

    private SessionStart start() {
      AgentEvents events =
          new AgentEvents() {
            @Override
            public void says(String text) {
              live.append(text);
            }

            @Override
            public boolean reads(String messageId) {
              return true;
            }

            @Override
            public void ended(
                String subagent, String toolUseId, String outcome, @Nullable String reason) {
              told.add(subagent + " " + outcome);
            }

            @Override
            public void refused(String why) {
              told.add(why);
            }

            @Override
            public void goesOn(String reason) {
              told.add(reason);
            }
          };
      Runs.Info info =
          new Runs.Info(
              run,
              "r",
              1,
              RunStatus.RUNNING,
              null,
              Plans.rules(List.of(), List.of(), List.of())
                  .withTools(
                      List.of("Bash", "Read", "Write", "Edit", "Agent", "AskPerson", "Lookup")),
              "b@1",
              Map.of(),
              null,
              true);
      return new SessionStart(
          info,
          1,
          "%016x".formatted(lives + 1),
          "sdk runtime test",
          !history.isEmpty(),
          history,
          List.of(),
          Secret.of("tok"),
          events);
    }
  }

  @Test
  void theRealRuntimeAsksForEveryCallAndDoesWhatTheGateSays() throws Exception {
    Loop loop = new Loop();
    loop.denies = call -> call.arguments().contains("denied.txt");
    assertThat(loop.toTheEnd()).contains("All done.");
    Path workspace = lab.workspace(loop.run);
    assertThat(workspace.resolve("made.txt")).hasContent("made");
    assertThat(workspace.resolve("witness.txt")).hasContent("once");
    assertThat(workspace.resolve("written.txt")).hasContent("hello");
    assertThat(workspace.resolve("denied.txt")).doesNotExist();
    assertThat(workspace.resolve("by-sub.txt")).hasContent("sub");
    assertThat(loop.seen)
        .anyMatch(call -> call.startsWith("Agent "))
        .anyMatch(call -> call.startsWith("main/1 Bash ") && call.contains("by-sub.txt"))
        .anyMatch(call -> call.equals("Lookup {\"q\":\"answer\"}"))
        .anyMatch(
            call -> call.startsWith("AskPerson ") && call.contains("\"options\":[\"A\",\"B\"]"));
    String talk = String.join("\n", loop.history);
    assertThat(talk).contains("Denied by a rule.", "(A sub-agent's report:)", "I look around.");
    assertThat(loop.live).contains("I look around.");
    assertThat(loop.lives).isZero();
    assertThat(loop.told).containsExactly("main/1 succeeded");
  }

  @Test
  void aKilledContainerGoesOnAndNothingHappensTwice() throws Exception {
    Loop loop = new Loop();
    loop.killsDuring = call -> call.arguments().contains("begun") && loop.unknown.isEmpty();
    assertThat(loop.toTheEnd()).contains("All done.");
    assertThat(loop.lives).isEqualTo(1);
    assertThat(loop.unknown).hasSize(1);
    Path workspace = lab.workspace(loop.run);
    assertThat(workspace.resolve("made.txt")).hasContent("made");
    assertThat(workspace.resolve("witness.txt")).hasContent("once");
    assertThat(workspace.resolve("written.txt")).hasContent("hello");
  }

  /** Both the image's hook and the one in the protocol say what runs. */
  @Test
  void whatAPersonMadeOfTheArgumentsIsWhatRuns() throws Exception {
    Loop loop = new Loop();
    loop.changes = arguments -> arguments.replace("printf made", "printf changed");
    assertThat(loop.toTheEnd()).contains("All done.");
    assertThat(lab.workspace(loop.run).resolve("made.txt")).hasContent("changed");
  }

  /** The runtime's file tools follow links; a rule has judged the path as it is written. */
  @Test
  void aPathThatGoesThroughALinkIsNotLetGo() throws Exception {
    Loop loop = new Loop();
    Files.createDirectory(lab.workspace(loop.run).resolve("secrets"));
    loop.changes =
        arguments ->
            arguments
                .replace(
                    "printf made >> made.txt", "ln -s /workspace/secrets here; printf x > made.txt")
                .replace("/workspace/written.txt", "/workspace/here/written.txt");
    assertThat(loop.toTheEnd()).contains("All done.");
    assertThat(lab.workspace(loop.run).resolve("secrets")).isEmptyDirectory();
    assertThat(String.join("\n", loop.history))
        .contains("leads to /workspace/secrets/written.txt", "name that one");
  }

  @Test
  void aPathIsWrittenInFull() throws Exception {
    String run = lab.newRun();
    assertThat(FilePaths.refusal(lab.boxes(), run, "/workspace/a/../b.txt")).isNull();
    assertThat(FilePaths.refusal(lab.boxes(), run, "/tmp/x")).isNull();
    assertThat(FilePaths.refusal(lab.boxes(), run, "b.txt")).contains("begin with /workspace/");
    assertThat(FilePaths.refusal(lab.boxes(), run, "~/b.txt")).contains("begin with");
    assertThat(FilePaths.refusal(lab.boxes(), run, "/workspace/b.txt ")).contains("white space");
    assertThat(FilePaths.refusal(lab.boxes(), run, "/workspace/b\n.txt")).contains("control");
    assertThat(FilePaths.refusal(lab.boxes(), run, "/proc/self/cwd/b.txt")).contains("link");
  }

  /** The transcript is not where the runtime looks for it; the work goes on all the same, once. */
  @Test
  void aConversationThatIsNotTakenUpIsSummedUp() throws Exception {
    Loop loop = new Loop();
    loop.said("user", List.of(Loop.text("sdk runtime test")));
    loop.said("assistant", List.of(Loop.text("I had begun.")));
    loop.boxes = spec -> lab.boxes().open(withoutTranscript(spec));
    assertThat(loop.toTheEnd()).contains("All done.");
    assertThat(loop.told).anyMatch(each -> each.contains("begins a new one with a summary"));
    assertThat(loop.lives).isZero();
    assertThat(lab.workspace(loop.run).resolve("made.txt")).hasContent("made");
  }

  private static BoxSpec withoutTranscript(BoxSpec spec) {
    List<String> argv =
        spec.argv().stream()
            .map(each -> each.replace("/.claude/projects/", "/elsewhere/projects/"))
            .toList();
    return BoxSpec.inRun(spec.run(), spec.name(), argv).withEnv(spec.env());
  }

  /** Any process of the container can ask the lock; nobody is asked about what it says. */
  @Test
  void aCallThatAProcessOfTheContainerRaisesHoldsUpNothing() throws Exception {
    Loop loop = new Loop();
    Files.writeString(
        lab.workspace(loop.run).resolve("ask.sh"),
        """
        echo '{"hook_event_name": "PreToolUse", "tool_use_id": "toolu_forged",
               "tool_name": "Bash", "tool_input": {"command": "id"}}' |
          /opt/helm/helm-gate 2> forged.txt || echo "code $?" >> forged.txt
        printf made > made.txt
        """);
    loop.changes = arguments -> arguments.replace("printf made >> made.txt", "sh ask.sh");
    assertThat(loop.toTheEnd()).contains("All done.");
    assertThat(lab.workspace(loop.run).resolve("forged.txt"))
        .content()
        .contains("no such call", "code 2");
    assertThat(loop.told).anyMatch(each -> each.contains("a call of Bash"));
    assertThat(loop.seen).noneMatch(each -> each.contains("forged"));
  }

  @Test
  void anImageWithoutTheLockIsRefused() throws Exception {
    ImageRecipe bare = ImageRecipe.of(List.of("npm:@anthropic-ai/claude-agent-sdk@0.3.330"));
    try (AgentLab other = AgentLab.open(bare, List.of(gates.door()))) {
      Loop loop = new Loop();
      ClaudeSdkDriver driver =
          new ClaudeSdkDriver(
              spec -> other.boxes().open(spec.withEnv(spec.env())), start -> TOOLS, gates);
      assertThatThrownBy(() -> driver.start(loop.start()))
          .isInstanceOf(SandboxRefused.class)
          .hasMessageContaining("lock");
    }
  }
}
