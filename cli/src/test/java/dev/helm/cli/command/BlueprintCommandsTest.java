package dev.helm.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.helm.cli.http.Json;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import dev.helm.cli.testing.TestService.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlueprintCommandsTest {
  private static final String TWO =
      "{\"untrustedInput\":[\"MCP server s answers\"],\"privateData\":[\"MCP server s has T\"],"
          + "\"outward\":[\"tools of MCP server s\"],\"allThree\":true}";

  @TempDir Path home;
  private TestService service;
  private Terminal terminal;

  @BeforeEach
  void start() {
    service = new TestService();
    terminal = new Terminal(home, service.url());
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void aBlueprintIsShownAsYamlWithWhatItCombines() throws IOException {
    service.on(
        "GET /api/blueprints/b",
        _ -> TestService.json("{\"name\":\"b\",\"version\":3,\"ruleOfTwo\":" + TWO + "}"));
    service.on(
        "GET /api/blueprints/b%403/source",
        _ ->
            TestService.json(
                Json.write(
                    Map.of("name", "b", "version", 3, "yaml", "name: b\ntask: \"\u001b[31m\"\n"))));
    assertThat(terminal.helm("blueprint", "show", "b", "--yaml")).isZero();
    assertThat(terminal.data()).startsWith("# b@3, as stored", "name: b").hasSize(3);
    assertThat(String.join("", terminal.data())).doesNotContain("\u001b");
    assertThat(terminal.words())
        .anyMatch(row -> row.startsWith("Rule of Two: all three"))
        .anyMatch(row -> row.contains("outward action:  tools of MCP server s"));
  }

  @Test
  void versionsAndTheirDifferenceAreShown() {
    service.on(
        "GET /api/blueprints/b/versions",
        _ ->
            TestService.json(
                "{\"items\":[{\"name\":\"b\",\"version\":2,\"createdAt\":\"2026-11-23T10:00:00.000Z\",\"by\":\"ada\"}]}"));
    service.on(
        "GET /api/blueprints/b%401/diff",
        r -> {
          assertThat(r.target()).endsWith("?to=b%402");
          return TestService.json(
              Json.write(
                  Map.of(
                      "from",
                      "b@1",
                      "to",
                      "b@2",
                      "patch",
                      "--- a/b.yaml\n+++ b/b.yaml\n@@ -1,2 +1,2 @@\n name: b\n-task: a\n+task: c\n")));
        });
    assertThat(terminal.helm("blueprint", "versions", "b")).isZero();
    assertThat(terminal.data()).containsExactly("b@2 · 2026-11-23T10:00:00.000Z · ada");
    assertThat(terminal.helm("blueprint", "diff", "b@1", "b@2")).isZero();
    assertThat(terminal.data()).contains("-task: a", "+task: c").doesNotContain("--- a/b.yaml");
  }

  @Test
  void initWritesATemplateAndOverwritesNothing() throws IOException {
    Path file = home.resolve("t.yaml");
    for (String template : BlueprintInit.TEMPLATES.keySet()) {
      Files.deleteIfExists(file);
      assertThat(
              terminal.helm(
                  "blueprint", "init", file.toString(), "--template", template, "--name", "x-1"))
          .isZero();
      assertThat(Files.readString(file))
          .startsWith(
              "# yaml-language-server: $schema=" + service.url() + "/blueprint.schema.json");
      assertThat(new YAMLMapper().readTree(file.toFile()).path("name").asText()).isEqualTo("x-1");
    }
    assertThat(terminal.helm("blueprint", "init", file.toString())).isEqualTo(5);
    assertThat(terminal.helm("blueprint", "init", "-", "--template", "nope")).isEqualTo(2);
    assertThat(terminal.helm("blueprint", "init", "-", "--name", "No Name")).isEqualTo(2);
    assertThat(terminal.helm("blueprint", "init", "--list")).isZero();
    assertThat(terminal.data()).anyMatch(row -> row.startsWith("research"));
  }

  @Test
  void theSchemaIsPrintedWithoutAService() {
    assertThat(terminal.helm("blueprint", "schema", "--json")).isZero();
    assertThat(Json.object(terminal.data().getLast())).containsKey("properties");
  }

  @Test
  void importPrintsABlueprintAndSaysWhatIsNotInIt() throws IOException {
    String project = "src/test/resources/claude-project";
    assertThat(terminal.helm("blueprint", "import", project, "--name", "mine")).isZero();
    Map<?, ?> read = new YAMLMapper().readValue(String.join("\n", terminal.data()), Map.class);
    assertThat(read.get("name")).isEqualTo("mine");
    assertThat(String.valueOf(read.get("instructions"))).contains("Use\ttabs");
    assertThat(terminal.words()).anyMatch(row -> row.contains("helm secret set TICKETS_TOKEN"));
    assertThat(terminal.helm("blueprint", "import", project, "--json")).isZero();
    assertThat(Json.object(terminal.data().getLast())).containsKeys("blueprint", "carried", "left");
    assertThat(terminal.helm("blueprint", "import", home.toString())).isEqualTo(2);
    assertThat(terminal.helm("blueprint", "import", project, "--agent", "command")).isEqualTo(2);
  }

  @Test
  void validateTellsWhatABlueprintCombines() throws IOException {
    Path file = Files.writeString(home.resolve("b.yaml"), "name: b\n");
    service.on(
        "POST /api/blueprints/validate",
        _ -> TestService.json("{\"blueprint\":{\"name\":\"b\"},\"ruleOfTwo\":" + TWO + "}"));
    assertThat(terminal.helm("blueprint", "validate", "-f", file.toString())).isZero();
    assertThat(terminal.data()).isEqualTo(List.of("b is valid"));
    assertThat(terminal.words().getFirst()).contains("every outward call is asked");
    service.on("POST /api/blueprints/validate", _ -> new Answer(200, "{}"));
    assertThat(terminal.helm("blueprint", "validate", "-f", file.toString(), "--json")).isZero();
  }
}
