package dev.helm.cli.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.helm.api.blueprint.BlueprintSchema;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.claude.ClaudeFolder;
import dev.helm.cli.http.Json;
import dev.helm.cli.render.SafeText;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm blueprint import}. */
@Command(
    name = "import",
    header = "helm blueprint import ~/project > blueprint.yaml",
    description =
        "Makes a blueprint of a project's .claude folder and .mcp.json, and says what was not"
            + " carried over and why.")
public final class BlueprintImport extends HelmCommand {
  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .disable(YAMLGenerator.Feature.SPLIT_LINES)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
          .enable(YAMLGenerator.Feature.LITERAL_BLOCK_STYLE)
          .build();

  @Parameters(index = "0", paramLabel = "DIR", description = "the project's folder")
  Path dir = Path.of("");

  @Option(names = "--name", paramLabel = "NAME", description = "default: the folder's name")
  String name = "";

  @Option(
      names = "--agent",
      paramLabel = "AGENT",
      description = "native (default) or claude-agent-sdk")
  String agent = "native";

  @Override
  protected ExitCode run() throws JsonProcessingException {
    if (!List.of("native", "claude-agent-sdk").contains(agent)) {
      throw Failure.usage("\"" + agent + "\" is no agent.", "native or claude-agent-sdk");
    }
    ClaudeFolder.Imported imported = ClaudeFolder.read(dir, name, agent);
    List<String> carried = imported.notes().carried();
    List<String> left = imported.notes().left();
    if (json) {
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("blueprint", imported.blueprint());
      answer.put("carried", carried);
      answer.put("left", left);
      out().line(Json.write(answer));
      return ExitCode.DONE;
    }
    String schema = context().env().url().replaceFirst("/+$", "") + BlueprintSchema.PATH;
    out().line("# yaml-language-server: $schema=" + schema);
    left.forEach(note -> out().line("# not as it was: " + SafeText.line(note)));
    YAML.writeValueAsString(imported.blueprint()).lines().forEach(out()::line);
    carried.forEach(note -> out().say("carried over: " + SafeText.line(note)));
    left.forEach(note -> out().say("not as it was: " + SafeText.line(note)));
    advise("Next: look through it, then helm blueprint validate -f FILE");
    return ExitCode.DONE;
  }
}
