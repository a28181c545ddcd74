package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.decide.ToolPaths;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every argument of the catalogue is known to be a path in the workspace, or to be none. */
class ToolPathsTest {
  /** Texts that name no file. Patterns are looked up below a path, which rules judge. */
  private static final Set<String> NO_PATHS =
      Set.of(
          "Bash.command",
          "Bash.description",
          "Write.content",
          "Edit.old_string",
          "Edit.new_string",
          "Glob.pattern",
          "Grep.pattern",
          "Grep.glob",
          "Grep.output_mode",
          "WebFetch.url",
          "WriteRow.rows",
          "SendEmail.to",
          "SendEmail.subject",
          "SendEmail.body",
          "AskPerson.question",
          "AskPerson.options",
          "AskPerson.timeout",
          "Agent.description",
          "Agent.prompt",
          "Agent.subagent_type",
          "Agent.tools",
          "Publish.to",
          "Publish.message");

  @Test
  void everyTextOfTheCatalogueIsAPathThatRulesSeeOrNone() {
    Set<String> texts = new TreeSet<>(NO_PATHS);
    Set<String> found = new TreeSet<>();
    for (String tool : ToolCatalog.names()) {
      ToolPaths.of(tool).forEach(path -> texts.add(tool + "." + path.name()));
      JsonNode schema = Objects.requireNonNull(ToolCatalog.schema(tool), tool);
      schema
          .path("properties")
          .properties()
          .forEach(
              entry -> {
                String type = entry.getValue().path("type").asText("text");
                if (!Set.of("integer", "number", "boolean").contains(type)) {
                  found.add(tool + "." + entry.getKey());
                }
              });
    }
    assertThat(found).isEqualTo(texts);
  }
}
