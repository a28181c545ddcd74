package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.watch.Watch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code helm run}. */
@Command(
    name = "helm run",
    header = "helm run q1-competitor-brief --input quarter=Q1",
    description = "Starts a run and follows it to its end.")
public final class RunCommand extends HelmCommand {
  @Mixin final StartOptions options = new StartOptions();

  @Override
  protected ExitCode run() throws Exception {
    HelmClient client = client();
    Bodies.Run run = options.start(client).as(Bodies.Run.class);
    return new Watch(context(), client, json).follow(run);
  }
}
