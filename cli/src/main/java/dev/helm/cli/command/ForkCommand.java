package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm fork}. */
@Command(
    name = "helm fork",
    header = "helm fork 4f3a --at 41 --message \"Use the other source.\"",
    description = "Starts a new run that begins with what this one was at a step (now).")
public final class ForkCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Option(names = "--at", paramLabel = "STEP", description = "now, start, a snapshot or a seq")
  String at = "";

  @Option(names = "--message", paramLabel = "TEXT", description = "what the agent reads first")
  String message = "";

  @Option(names = "--blueprint", paramLabel = "NAME", description = "another one, or @VERSION")
  String blueprint = "";

  @Override
  protected ExitCode run() {
    Reply reply = forked();
    print(reply, SafeText.line(reply.as(Bodies.Run.class).id()));
    if (!json) {
      advise(
          "Follow it: helm watch "
              + SafeText.line(reply.as(Bodies.Run.class).id()).substring(0, 4));
    }
    return ExitCode.DONE;
  }

  /** At the end of a finished run there is nothing to go on with: that is wrong use. */
  private Reply forked() {
    try {
      return client().fork(run, at, message, blueprint);
    } catch (Failure e) {
      throw e.code().equals("run_finished")
          ? new Failure(ExitCode.USAGE, e.what(), e.todo(), e.code(), e)
          : e;
    }
  }
}
