package dev.helm.service.blueprint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.cli.claude.ClaudeFolder;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the terminal makes of a {@code .claude} folder is what the service takes. */
class ClaudeImportTest {
  private static final Path PROJECT = Path.of("../cli/src/test/resources/claude-project");

  @TempDir Path dir;

  private static Blueprint read(Map<String, Object> imported) {
    String json = HelmJson.write(imported);
    return switch (BlueprintLoader.load(json, BlueprintLoader.Format.JSON)) {
      case BlueprintLoader.Loaded loaded -> loaded.blueprint();
      case BlueprintLoader.Refused refused -> throw new AssertionError(refused.mistakes() + json);
    };
  }

  @Test
  void aWholeFolderBecomesABlueprintThatIsRight() {
    ClaudeFolder.Imported imported = ClaudeFolder.read(PROJECT, "", "native");
    Blueprint blueprint = read(imported.blueprint());
    assertThat(blueprint.name()).isEqualTo("claude-project");
    assertThat(blueprint.mcpServers()).containsOnlyKeys("tickets", "local", "wiki");
    assertThat(blueprint.secrets()).containsExactly("TICKETS_TOKEN", "ACCOUNT", "WIKI_TOKEN");
    assertThat(blueprint.permissions().deny())
        .contains("Read(.env)", "Bash(curl:*)", "Edit(.git/**)", "Read(**/*.pem)");
    assertThat(blueprint.permissions().ask()).contains("mcp__tickets");
    assertThat(blueprint.permissions().allow())
        .contains("Bash(npm run test:*)", "WebFetch(domain=docs.example.com)")
        .doesNotContain("mcp__tickets__list", "Bash(cd x && make)");
    assertThat(blueprint.tools()).doesNotContain("Grep");
    assertThat(blueprint.hooksOf(HookEvent.PRE_TOOL_USE).getFirst().command())
        .containsExactly("./check.sh", "--strict");
    assertThat(blueprint.hookFiles()).containsOnlyKeys("check.sh", "style.py");
    assertThat(blueprint.subAgents()).containsOnlyKeys("reviewer", "test-fixer");
    assertThat(Objects.requireNonNull(blueprint.subAgents().get("reviewer")).tools())
        .containsExactly("Read", "Glob");
    assertThat(blueprint.instructions()).contains("Set $HOME first");
    assertThat(
            read(ClaudeFolder.read(PROJECT.resolve(".claude"), "x", "claude-agent-sdk").blueprint())
                .name())
        .isEqualTo("x");
  }

  @Test
  void noSecretIsCopiedAndWhatIsLeftOutIsSaid() {
    ClaudeFolder.Imported imported = ClaudeFolder.read(PROJECT, "", "native");
    String all =
        HelmJson.write(imported.blueprint()) + imported.notes().carried() + imported.notes().left();
    assertThat(all).doesNotContain("sk-aaaa", "ghp_", "not-a-real-token");
    assertThat(imported.notes().left())
        .anyMatch(note -> note.contains("helm secret set TICKETS_TOKEN"))
        .anyMatch(note -> note.contains("additionalDirectories"))
        .anyMatch(note -> note.contains("npm:@example/loose-mcp@VERSION"))
        .anyMatch(note -> note.contains("PreCompact"))
        .anyMatch(note -> note.contains("missing.sh"));
  }

  @Test
  void aLinkOutOfTheProjectIsNotFollowed() throws IOException {
    Path outside = Files.writeString(dir.resolve("outside.md"), "private");
    Path project = Files.createDirectories(dir.resolve("p/.claude"));
    Files.createSymbolicLink(project.resolve("CLAUDE.md"), outside);
    Files.createSymbolicLink(dir.resolve("p/CLAUDE.md"), outside);
    ClaudeFolder.Imported imported = ClaudeFolder.read(dir.resolve("p"), "", "native");
    assertThat(HelmJson.write(imported.blueprint())).doesNotContain("private");
    assertThat(imported.notes().left()).anyMatch(note -> note.contains("leads out"));
    assertThat(read(imported.blueprint()).name()).isEqualTo("p");
  }

  @Test
  void noNoiseBreaksTheImport() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<String> files =
        List.of(".claude/settings.json", ".mcp.json", ".claude/agents/reviewer.md");
    Files.createDirectories(dir.resolve(".claude/agents"));
    for (int i = 0; i < 200; i++) {
      for (String file : files) {
        StringBuilder text = new StringBuilder(Files.readString(PROJECT.resolve(file)));
        for (int j = 0; j < random.nextInt(4); j++) {
          int at = random.nextInt(text.length());
          text.replace(at, at + random.nextInt(3), "{}[]:,\"\n0é".substring(random.nextInt(9)));
        }
        Files.writeString(dir.resolve(file), text);
      }
      assertThat(ClaudeFolder.read(dir, "n", "native").blueprint())
          .as("seed " + seed + " " + i)
          .containsKey("tools");
    }
  }
}
