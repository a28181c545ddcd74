package dev.helm.service.blueprint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.tools.ArgumentsCheck;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.service.blueprint.BlueprintLoader.Format;
import dev.helm.service.blueprint.BlueprintLoader.Loaded;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the pages on tools and hooks show is what the loader takes, and all of it is held to. */
class PagesTest {
  private static final Pattern YAML = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);

  private static List<Blueprint> of(String page) throws IOException {
    Matcher blocks = YAML.matcher(Files.readString(Path.of("..", "docs", page)));
    List<Blueprint> blueprints = new ArrayList<>();
    while (blocks.find()) {
      String text =
          "name: page\nmodel: {name: claude-sonnet-4-5}\ntask: Do it\n"
              + blocks.group(1)
              + (blocks.group(1).contains("tools: [") ? "" : "tools: [Bash]\n");
      BlueprintLoader.Outcome outcome = BlueprintLoader.load(text, Format.YAML);
      assertThat(outcome).as(String.valueOf(outcome)).isInstanceOf(Loaded.class);
      blueprints.add(((Loaded) outcome).blueprint());
    }
    return blueprints;
  }

  @Test
  void theToolsOfThePageAreTakenAndEveryKeywordIsHeldTo() throws IOException {
    Blueprint blueprint = of("tools.md").getFirst();
    assertThat(blueprint.customTools()).containsOnlyKeys("Count", "WebSearch", "Slack");
    blueprint
        .customTools()
        .forEach(
            (name, tool) ->
                assertThat(
                        ArgumentsCheck.unknownKeywords(
                            HelmJson.mapper().<JsonNode>valueToTree(tool.schema())))
                    .as(name)
                    .isEmpty());
  }

  @Test
  void theHooksOfThePageAreTaken() throws IOException {
    Blueprint blueprint = of("hooks.md").getFirst();
    assertThat(blueprint.hooks()).hasSize(2);
    assertThat(blueprint.hookFiles()).containsOnlyKeys("check.sh", "done.py");
  }
}
