package dev.helm.service.blueprint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.helm.api.blueprint.BlueprintSchema;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/blueprints.md names every field, and its examples are right. */
class BlueprintDocsTest {
  private static final Pattern EXAMPLE = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);

  private static String page() throws IOException {
    return Files.readString(Path.of("../docs/blueprints.md"));
  }

  @Test
  void everyExampleIsRight() throws IOException {
    assertThat(examples(page(), false)).isGreaterThan(6);
  }

  /** What is of a blueprint and not of the operator's file, on every other page. */
  @Test
  void everyExampleOfTheOtherPagesIsRight() throws IOException {
    int count = 0;
    try (Stream<Path> pages = Files.list(Path.of("../docs"))) {
      for (Path page : pages.filter(each -> each.toString().endsWith(".md")).toList()) {
        count += examples(Files.readString(page), true);
      }
    }
    assertThat(count).isGreaterThan(10);
  }

  private static int examples(String page, boolean blueprintsOnly) throws IOException {
    Matcher matcher = EXAMPLE.matcher(page);
    int count = 0;
    while (matcher.find()) {
      ObjectNode source = (ObjectNode) new YAMLMapper().readTree(String.valueOf(matcher.group(1)));
      if (blueprintsOnly && (source.has("steps") || !ofABlueprint(source))) {
        continue;
      }
      source.putIfAbsent("name", source.textNode("example"));
      source.putIfAbsent("task", source.textNode("Do it"));
      source.putIfAbsent("tools", source.arrayNode().add("Read").add("Bash"));
      source.putIfAbsent("model", source.objectNode().put("name", "claude-sonnet-4-5"));
      assertThat(BlueprintLoader.load(source.toString(), BlueprintLoader.Format.JSON))
          .as(matcher.group(1))
          .isInstanceOf(BlueprintLoader.Loaded.class);
      count++;
    }
    return count;
  }

  /** {@code config.yml} has none of these, and its egress has other members. */
  private static boolean ofABlueprint(ObjectNode source) {
    return source.at("/egress/allow").isArray()
        || Stream.of("tools", "permissions", "customTools", "mcpServers", "hooks", "task")
            .anyMatch(source::has);
  }

  @Test
  void everyExampleFolderHasABlueprintOfItsName() throws IOException {
    int count = 0;
    try (Stream<Path> folders = Files.list(Path.of("../examples"))) {
      for (Path folder : folders.toList()) {
        String text = Files.readString(folder.resolve("blueprint.yaml"));
        BlueprintLoader.Outcome loaded = BlueprintLoader.load(text, BlueprintLoader.Format.YAML);
        assertThat(loaded).as(folder + "").isInstanceOf(BlueprintLoader.Loaded.class);
        String name = ((BlueprintLoader.Loaded) loaded).blueprint().name();
        assertThat(name).isEqualTo(String.valueOf(folder.getFileName()));
        count++;
      }
    }
    assertThat(count).isGreaterThan(10);
  }

  @Test
  void everyFieldIsNamed() throws IOException {
    JsonNode schema = HelmJson.mapper().readTree(BlueprintSchema.json());
    Set<String> names = new TreeSet<>();
    collect(schema, names);
    String page = page();
    assertThat(names).contains("mcpServers", "clientSecret", "stallAfter", "subagentStop");
    assertThat(names).allSatisfy(name -> assertThat(page).containsPattern("\\b" + name + "\\b"));
    assertThat(page).contains(String.join(" ", HookEvent.words()));
  }

  private static void collect(JsonNode node, Set<String> names) {
    node.path("properties").fieldNames().forEachRemaining(names::add);
    node.forEach(inner -> collect(inner, names));
  }
}
