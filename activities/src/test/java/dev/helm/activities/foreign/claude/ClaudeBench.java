package dev.helm.activities.foreign.claude;

import dev.helm.activities.foreign.AgentEvents;
import dev.helm.activities.foreign.Given;
import dev.helm.activities.foreign.Next;
import dev.helm.activities.foreign.SessionStart;
import dev.helm.activities.practice.PracticeModel;
import dev.helm.activities.run.Plans;
import dev.helm.activities.sandbox.AgentDoor;
import dev.helm.activities.sandbox.AgentLab;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.Effect;
import dev.helm.api.RunStatus;
import dev.helm.api.Secret;
import dev.helm.workflows.HelmJson;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A call of the Claude runtime, from Helm's leave to its result: `true` in the runtime's own Bash,
 * with the hook before it and the one after it. The real runtime in a real container; the model is
 * the practice model. Prints one JSON object. Arguments: calls, warm-up calls. Needs
 * HELM_TEST_DOCKER_HOST, HELM_TEST_IMAGE and npm.
 */
public final class ClaudeBench {
  private ClaudeBench() {}

  public static void main(String[] args) throws Exception {
    int calls = args.length > 0 ? Integer.parseInt(args[0]) : 60;
    int warm = args.length > 1 ? Integer.parseInt(args[1]) : 10;
    Path folder = Files.createTempDirectory("helm-claude-bench");
    StringBuilder scenario =
        new StringBuilder(
            "name: claude-bench\ndescription: many calls\nmatch:\n  user: measure\nsteps:\n");
    for (int i = 0; i < calls + warm; i++) {
      scenario.append(
          "  - name: s%d\n    calls:\n      - tool: Bash\n        args: {command: \"true\", description: s%d}\n"
              .formatted(i, i));
    }
    scenario.append("  - name: end\n    say: done\n");
    Files.writeString(folder.resolve("bench.scenario.yaml"), scenario);
    Gates gates = new Gates();
    List<Double> ms = new ArrayList<>();
    List<Double> megabytes = List.of();
    try (PracticeModel model = PracticeModel.start(0, List.of(folder), false);
        AgentLab lab =
            AgentLab.open(
                ClaudeImage.recipe(List.of()),
                List.of(
                    AgentDoor.forward("model", new InetSocketAddress("127.0.0.1", model.port())),
                    gates.door()));
        ClaudeSdkDriver driver = new ClaudeSdkDriver(lab.boxes(), start -> List.of(), gates)) {
      driver.start(start(lab.newRun()));
      Given given = Given.NOTHING;
      while (driver.next(given) instanceof Next.Calls asked) {
        List<Given.Result> results = new ArrayList<>();
        for (Next.Asked call : asked.calls()) {
          long began = System.nanoTime();
          Effect.Result result = driver.perform(call.toolUseId(), call.tool(), call.arguments());
          ms.add((System.nanoTime() - began) / 1e6);
          if (!(result instanceof Effect.Result.Ended ended)) {
            throw new IllegalStateException(String.valueOf(result));
          }
          results.add(new Given.Result(call.toolUseId(), ended.end().forModel(), false));
        }
        given = new Given(results, List.of());
        if (ms.size() == calls + warm) {
          megabytes = lab.megabytes();
        }
      }
    }
    if (ms.size() != calls + warm) {
      throw new IllegalStateException(ms.size() + " calls came");
    }
    List<Double> sorted = ms.subList(warm, ms.size()).stream().sorted().toList();
    System.out.println(
        HelmJson.write(
            Map.of(
                "calls",
                calls,
                "sdkHookMs",
                Map.of(
                    "p50",
                    sorted.get(sorted.size() / 2),
                    "p95",
                    sorted.get(sorted.size() * 95 / 100)),
                "containersMb",
                megabytes)));
    System.exit(0);
  }

  private static SessionStart start(String run) {
    AgentEvents events =
        new AgentEvents() {
          @Override
          public void says(String text) {}

          @Override
          public boolean reads(String messageId) {
            return true;
          }
        };
    Runs.Info info =
        new Runs.Info(
            run,
            "r",
            1,
            RunStatus.RUNNING,
            null,
            Plans.rules(List.of(), List.of(), List.of()).withTools(List.of("Bash")),
            "b@1",
            Map.of(),
            null,
            true);
    return new SessionStart(
        info,
        1,
        "0000000000000001",
        "measure",
        false,
        List.of(),
        List.of(),
        Secret.of("tok"),
        events);
  }
}
