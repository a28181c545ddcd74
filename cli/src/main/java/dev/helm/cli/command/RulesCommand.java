package dev.helm.cli.command;

import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.render.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm rules}. */
@Command(
    name = "helm rules",
    header = "helm rules",
    description = "Lists what people allowed from then on; \"helm rules revoke ID\" takes it back.",
    subcommands = {RulesCommand.Revoke.class})
public final class RulesCommand extends HelmCommand {
  @Option(names = "--run", paramLabel = "RUN", description = "only what holds in this run")
  String run = "";

  @Option(names = "--blueprint", paramLabel = "NAME", description = "only of this blueprint")
  String blueprint = "";

  @Option(names = "--all", description = "also what is expired or revoked")
  boolean all;

  @Override
  protected ExitCode run() {
    Reply reply = client().rules(run, blueprint);
    if (json) {
      return print(reply, "");
    }
    List<DecisionBodies.RememberedRule> rules =
        reply.items(DecisionBodies.RememberedRule.class).stream()
            .filter(rule -> all || rule.state().equals("active"))
            .toList();
    rules.forEach(rule -> out().line(line(rule)));
    if (rules.isEmpty()) {
      out().say("Nothing is remembered: every rule that holds stands in a blueprint.");
    }
    return ExitCode.DONE;
  }

  private static Line line(DecisionBodies.RememberedRule rule) {
    String where =
        rule.scope().equals("run")
            ? "run " + rule.run().substring(0, Math.min(4, rule.run().length()))
            : rule.blueprint();
    return Line.of(Role.QUIET, SafeText.line(rule.id()) + " · ")
        .add(Role.STRONG, SafeText.line(rule.rule()))
        .add(Role.QUIET, " · " + SafeText.line(where + " · " + rule.by()) + until(rule));
  }

  private static String until(DecisionBodies.RememberedRule rule) {
    if (!rule.state().equals("active")) {
      return " · " + SafeText.line(rule.state());
    }
    Instant end = Times.instant(rule.expiresAt());
    return end == null
        ? ""
        : " · " + Times.countdown(Duration.between(Instant.now(), end)) + " left";
  }

  /** {@code helm rules revoke}. */
  @Command(
      name = "revoke",
      header = "helm rules revoke r0123456789abcde",
      description = "Takes a remembered rule back: calls like it are asked again from now on.")
  public static final class Revoke extends HelmCommand {
    @Parameters(index = "0", paramLabel = "ID", description = "its id")
    String id = "";

    @Override
    protected ExitCode run() {
      Reply reply = client().revokeRule(id);
      DecisionBodies.RememberedRule rule = reply.as(DecisionBodies.RememberedRule.class);
      return print(reply, "revoked · " + SafeText.line(rule.rule()));
    }
  }
}
