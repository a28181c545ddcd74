package dev.helm.cli.command;

import dev.helm.api.blueprint.BlueprintSchema;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm blueprint init}. */
@Command(
    name = "init",
    header = "helm blueprint init --template research brief.yaml",
    description = "Writes a blueprint to begin with; no file is overwritten.")
public final class BlueprintInit extends HelmCommand {
  /** The templates, each with what it is for. */
  static final Map<String, String> TEMPLATES = templates();

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
  private static final Pattern NAME_LINE = Pattern.compile("(?m)^name: .*$");

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "FILE",
      description = "default blueprint.yaml; - is standard output")
  String file = "blueprint.yaml";

  @Option(names = "--template", paramLabel = "NAME", description = "default minimal; see --list")
  String template = "minimal";

  @Option(names = "--name", paramLabel = "NAME", description = "the blueprint's name")
  String name = "";

  @Option(names = "--list", description = "list the templates")
  boolean list;

  @Override
  protected ExitCode run() throws IOException {
    if (list) {
      if (json) {
        out().line(Json.write(TEMPLATES));
      } else {
        TEMPLATES.forEach((each, what) -> out().line("%-9s %s".formatted(each, what)));
      }
      return ExitCode.DONE;
    }
    String text = text();
    if (file.equals("-")) {
      text.lines().forEach(out()::line);
      return ExitCode.DONE;
    }
    try {
      Files.writeString(Path.of(file), text, StandardOpenOption.CREATE_NEW);
    } catch (FileAlreadyExistsException e) {
      throw new Failure(
          ExitCode.REFUSED, file + " is there already.", "Name another: init FILE", "", e);
    }
    if (json) {
      out().line(Json.write(Map.of("file", file, "template", template)));
    } else {
      out().line(file);
    }
    advise("Next: helm blueprint validate -f " + file);
    return ExitCode.DONE;
  }

  private String text() {
    if (!TEMPLATES.containsKey(template)) {
      throw Failure.usage(
          "There is no template \"" + template + "\".",
          "Templates are " + String.join(", ", TEMPLATES.keySet()) + ".");
    }
    if (!name.isEmpty() && !NAME.matcher(name).matches()) {
      throw Failure.usage(
          "\"" + name + "\" is no name for a blueprint.",
          "1 to 64 lower-case letters, digits and dashes.");
    }
    String schema = context().env().url().replaceFirst("/+$", "") + BlueprintSchema.PATH;
    String text = source(template).replace("$schema=SCHEMA", "$schema=" + schema);
    return name.isEmpty()
        ? text
        : NAME_LINE.matcher(text).replaceFirst(Matcher.quoteReplacement("name: " + name));
  }

  /** A template as it is in this build. */
  static String source(String template) {
    try (InputStream in =
        BlueprintInit.class.getResourceAsStream("/dev/helm/cli/templates/" + template + ".yaml")) {
      if (in == null) {
        throw new IllegalStateException("this build has no template " + template);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("template " + template + " cannot be read", e);
    }
  }

  private static Map<String, String> templates() {
    Map<String, String> templates = new LinkedHashMap<>();
    for (String line :
        List.of(
            "minimal: reads and writes files, and asks before anything else",
            "research: reads pages of named hosts and mails a brief",
            "code: changes code and runs its tests",
            "mcp: works through an MCP server that has a secret",
            "tools: tools of its own, a hook and a sub-agent",
            "claude: Claude Code's runtime behind Helm's gate",
            "command: a program of your own")) {
      templates.put(line.substring(0, line.indexOf(':')), line.substring(line.indexOf(':') + 2));
    }
    return templates;
  }
}
