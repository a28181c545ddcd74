package dev.helm.cli.command;

import dev.helm.api.blueprint.BlueprintSchema;
import dev.helm.api.rest.BlueprintBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Json;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Showing stored blueprints: one version, all of them, and what differs. */
final class BlueprintHistory {
  private BlueprintHistory() {}

  /** {@code helm blueprint show}. */
  @Command(
      name = "show",
      header = "helm blueprint show q1-competitor-brief@2",
      description = "Shows a blueprint as YAML with every default, fit to be applied again.")
  public static final class Show extends HelmCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "its name, or NAME@VERSION")
    String name = "";

    @Option(names = "--yaml", description = "YAML, as without it")
    boolean yaml;

    @Override
    protected ExitCode run() {
      Reply reply = client().blueprint(name);
      if (json) {
        return print(reply, "");
      }
      Map<String, Object> stored = reply.tree();
      BlueprintBodies.Source source =
          client()
              .blueprintSource(stored.get("name") + "@" + stored.get("version"))
              .as(BlueprintBodies.Source.class);
      out().line("# " + SafeText.line(source.name() + "@" + source.version()) + ", as stored");
      source.yaml().lines().forEach(out()::line);
      RuleOfTwoText.say(out(), stored);
      return ExitCode.DONE;
    }
  }

  /** {@code helm blueprint versions}. */
  @Command(
      name = "versions",
      header = "helm blueprint versions q1-competitor-brief",
      description = "Lists the versions of a blueprint, newest first.")
  public static final class Versions extends HelmCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "its name")
    String name = "";

    @Override
    protected ExitCode run() {
      Reply reply = client().blueprintVersions(name);
      if (json) {
        return print(reply, "");
      }
      if (reply.tree().get("items") instanceof List<?> items) {
        items.forEach(item -> out().line(line((Map<?, ?>) item)));
      }
      return ExitCode.DONE;
    }

    private static String line(Map<?, ?> version) {
      String by = version.get("by") == null ? "" : " · " + version.get("by");
      return SafeText.line(
          version.get("name")
              + "@"
              + version.get("version")
              + " · "
              + version.get("createdAt")
              + by);
    }
  }

  /** {@code helm blueprint diff}. */
  @Command(
      name = "diff",
      header = "helm blueprint diff brief@1 brief@3",
      description = "Shows what differs between two versions: of one name, the last two.")
  public static final class Diff extends HelmCommand {
    @Parameters(index = "0", paramLabel = "A", description = "NAME@VERSION, or NAME")
    String from = "";

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "B",
        description = "NAME@VERSION; default: the newest")
    String to = "";

    @Override
    protected ExitCode run() {
      Reply reply = client().blueprintDiff(from, to);
      if (json) {
        return print(reply, "");
      }
      BlueprintBodies.VersionDiff diff = reply.as(BlueprintBodies.VersionDiff.class);
      diff.patch().lines().skip(2).forEach(row -> out().line(painted(row)));
      out()
          .say(
              SafeText.line(diff.from() + " → " + diff.to())
                  + (diff.patch().isEmpty() ? ": nothing differs." : ""));
      return ExitCode.DONE;
    }

    private static Line painted(String row) {
      Role role =
          row.startsWith("@@")
              ? Role.REST
              : row.startsWith("+") ? Role.LIVE : row.startsWith("-") ? Role.STOP : Role.QUIET;
      return Line.of(role, SafeText.block(row));
    }
  }

  /** {@code helm blueprint schema}. */
  @Command(
      name = "schema",
      header = "helm blueprint schema > blueprint.schema.json",
      description = "Prints the JSON Schema of blueprints, for editors.")
  public static final class SchemaText extends HelmCommand {
    @Override
    protected ExitCode run() {
      String text = BlueprintSchema.json();
      if (json) {
        out().line(Json.write(Json.object(text)));
      } else {
        text.lines().forEach(out()::line);
      }
      return ExitCode.DONE;
    }
  }
}
