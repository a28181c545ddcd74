package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.Problem;
import dev.helm.api.rest.ScheduleBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Problems;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code helm blueprint}. */
@Command(
    name = "helm blueprint",
    header = "helm blueprint apply -f examples/q1-competitor-brief/blueprint.yaml",
    description = "Stores, checks and shows blueprints.",
    subcommands = {
      BlueprintCommand.Apply.class,
      BlueprintCommand.Validate.class,
      BlueprintCommand.ListAll.class,
      BlueprintHistory.Show.class,
      BlueprintHistory.Versions.class,
      BlueprintHistory.Diff.class,
      BlueprintHistory.SchemaText.class,
      BlueprintInit.class,
      BlueprintImport.class
    })
public final class BlueprintCommand extends HelmCommand {
  @Override
  protected ExitCode run() {
    throw Failure.usage(
        "helm blueprint needs a verb: apply, validate, list, show, versions, diff, init, import or"
            + " schema.",
        "helm blueprint list");
  }

  /** Sends a file and tells its mistakes by place. */
  abstract static class OfFile extends HelmCommand {
    @Option(
        names = {"-f", "--file"},
        paramLabel = "FILE",
        required = true,
        description = "YAML, or JSON if it ends in .json; - is standard input")
    Path file = Path.of("");

    abstract boolean checkOnly();

    abstract String done(Reply reply, String name);

    /** What a person is told beside the answer. */
    void also(Reply reply) {}

    @Override
    protected ExitCode run() throws IOException {
      BlueprintFile source =
          file.toString().equals("-")
              ? BlueprintFile.read(context().in())
              : BlueprintFile.read(file);
      Reply reply =
          client().putBlueprint(source.name(), source.bytes(), source.mediaType(), checkOnly());
      if (reply.status() < 400) {
        print(reply, done(reply, source.name()));
        if (!json) {
          RuleOfTwoText.say(out(), reply.tree());
          also(reply);
        }
        return ExitCode.DONE;
      }
      Problem problem = Problems.read(reply);
      List<String> places = problem == null ? List.of() : Problems.places(file.toString(), problem);
      if (places.isEmpty()) {
        throw Problems.of(reply);
      }
      if (json) {
        out().line(reply.json());
      }
      places.forEach(
          place ->
              out().words().println(out().wordsPaint().paint(Role.STOP, SafeText.line(place))));
      out()
          .say(
              places.size() == 1
                  ? "Mend this place and try again."
                  : "Mend these places and try again.");
      return ExitCode.FAILED;
    }
  }

  /** {@code helm blueprint apply}. */
  @Command(
      name = "apply",
      header = "helm blueprint apply -f blueprint.yaml",
      description = "Stores a blueprint; a changed one becomes its next version.")
  public static final class Apply extends OfFile {
    @Override
    boolean checkOnly() {
      return false;
    }

    @Override
    String done(Reply reply, String name) {
      Bodies.BlueprintSummary stored = reply.as(Bodies.BlueprintSummary.class);
      return SafeText.line(stored.name()) + "@" + stored.version();
    }

    @Override
    void also(Reply reply) {
      Object name = reply.tree().get("name");
      if (name != null
          && reply.tree().get("blueprint") instanceof Map<?, ?> blueprint
          && blueprint.get("schedule") != null) {
        ScheduleBodies.Schedule schedule =
            client().schedules().one(name.toString()).as(ScheduleBodies.Schedule.class);
        out().say("schedule " + ScheduleText.line(schedule));
        ScheduleText.next(schedule).forEach(out()::say);
      }
    }
  }

  /** {@code helm blueprint validate}. */
  @Command(
      name = "validate",
      header = "helm blueprint validate -f blueprint.yaml",
      description = "Checks a blueprint and stores nothing.")
  public static final class Validate extends OfFile {
    @Override
    boolean checkOnly() {
      return true;
    }

    @Override
    String done(Reply reply, String name) {
      return SafeText.line(name) + " is valid";
    }
  }

  /** {@code helm blueprint list}. */
  @Command(
      name = "list",
      header = "helm blueprint list",
      description = "Lists the newest versions.")
  public static final class ListAll extends HelmCommand {
    @Override
    protected ExitCode run() {
      Reply reply = client().blueprints();
      if (json) {
        return print(reply, "");
      }
      List<Bodies.BlueprintSummary> all = reply.items(Bodies.BlueprintSummary.class);
      all.forEach(
          each ->
              out()
                  .line(
                      SafeText.line(each.name())
                          + "@"
                          + each.version()
                          + " · "
                          + SafeText.line(each.project())
                          + (each.description().isEmpty()
                              ? ""
                              : " · " + SafeText.prose(each.description()))));
      if (all.isEmpty()) {
        out()
            .say(
                context().env().hint("No blueprints yet. Store one: helm blueprint apply -f FILE"));
      }
      return ExitCode.DONE;
    }
  }
}
