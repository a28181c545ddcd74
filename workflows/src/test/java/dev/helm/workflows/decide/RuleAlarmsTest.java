package dev.helm.workflows.decide;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.HelmJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * How often {@code allow: [Bash]} beside ordinary denials asks about a command of the guard's lists
 * that is harmless, because a rule cannot see all of its words.
 */
class RuleAlarmsTest {
  private static final double ALARMS_MAX = 0.05;

  private static final Rules RULES =
      new Rules(
          new Blueprint.Permissions(
              List.of("Bash(git push *)", "Bash(npm publish*)", "Bash(terraform apply *)"),
              List.of("Bash(kubectl delete *)"),
              List.of("Bash"),
              1000,
              1));

  @Test
  void harmlessCommandsAreSeldomAsked() throws IOException {
    List<String> asked = new ArrayList<>();
    int all = 0;
    for (String list : List.of("own", "blind-a", "blind-b")) {
      for (String command : commands(list + "-harmless.jsonl")) {
        all++;
        ToolCall call = ToolCall.of("t", "Bash", "{\"command\":" + new TextNode(command) + "}");
        if (RULES.check(call) instanceof Verdict.Ask) {
          asked.add(command);
        }
      }
    }
    System.out.println("rules · asked " + asked.size() + " of " + all);
    assertThat((double) asked.size() / all).as("asked: %s", asked).isLessThan(ALARMS_MAX);
  }

  private static List<String> commands(String name) throws IOException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(RuleAlarmsTest.class.getResourceAsStream("/guard/" + name)),
                StandardCharsets.UTF_8))) {
      return lines.lines().map(l -> String.valueOf(HelmJson.readObject(l).get("command"))).toList();
    }
  }
}
