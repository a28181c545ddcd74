package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.render.Moments;
import dev.helm.cli.watch.Replay;
import dev.helm.cli.watch.Watch;
import java.time.Instant;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm watch}. */
@Command(
    name = "helm watch",
    header = "helm watch 4f3a --since 14:00",
    description = {
      "Follows a run from its first event to its end.",
      "In a terminal: a allow, d deny, s steer, v view the call, tab next, q quit.",
      "With --json each event is one line, exactly as it is in the log.",
      "--replay plays the log again at its own pace: space pauses, + and - change the speed,",
      "pauses of more than 3 seconds are folded."
    })
public final class WatchCommand extends HelmCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "its id, or the beginning of it")
  String run = "";

  @Option(
      names = "--since",
      paramLabel = "TIME",
      defaultValue = "",
      description = "show only what happened since then: 10m, 14:00, 2026-03-02T14:00")
  String since = "";

  @Option(names = "--replay", description = "play what is in the log, and follow nothing")
  boolean replay;

  @Option(
      names = "--speed",
      paramLabel = "N",
      description = "how many times as fast as it happened, 0.1 to 1000 (1); for --replay")
  @Nullable Double speed;

  @Override
  protected ExitCode run() throws Exception {
    Instant from =
        since.isEmpty()
            ? Instant.MIN
            : Moments.read("--since", since, Instant.now(), ZoneId.systemDefault());
    if (speed != null && !replay) {
      throw Failure.usage("--speed is for --replay.", "helm watch " + run + " --replay --speed 10");
    }
    double times = speed == null ? 1 : speed;
    if (!(times >= Replay.SPEED_MIN && times <= Replay.SPEED_MAX)) {
      throw Failure.usage("--speed " + speed + " is no number from 0.1 to 1000.", "");
    }
    HelmClient client = client();
    Bodies.Run found = client.run(run).as(Bodies.Run.class);
    return replay
        ? new Replay(context(), client, json, from).play(found, times)
        : new Watch(context(), client, json).since(from).follow(found);
  }
}
