package dev.helm.cli.command;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import picocli.CommandLine.Command;

/** {@code helm status}. */
@Command(
    name = "helm status",
    header = "helm status",
    description = "Says how the backend is and how many runs are active.")
public final class StatusCommand extends HelmCommand {
  @Override
  protected ExitCode run() {
    Reply reply = client().status();
    if (json) {
      return print(reply, "");
    }
    Bodies.Status status = reply.as(Bodies.Status.class);
    boolean healthy = status.backend().equals("healthy");
    String runs = status.activeRuns() == 1 ? "1 active run" : status.activeRuns() + " active runs";
    out()
        .painted(
            out().dataPaint().paint(healthy ? Role.LIVE : Role.STOP, "●")
                + " backend "
                + SafeText.line(status.backend())
                + " · "
                + runs);
    status.components().stream().filter(StatusCommand::isWorthALine).forEach(this::tell);
    if (status.practice()) {
      out().say("Practice model: no model key is set, so scripted answers stand in for a model.");
    }
    return healthy ? ExitCode.DONE : ExitCode.FAILED;
  }

  private static boolean isWorthALine(Bodies.Component part) {
    boolean lags = part.name().equals("search") && part.detail() != null;
    return lags || (!part.state().equals("healthy") && !part.state().equals("absent"));
  }

  private void tell(Bodies.Component part) {
    String detail = part.detail() == null ? "" : " · " + SafeText.line(part.detail());
    out().say(SafeText.line(part.name()) + " " + SafeText.line(part.state()) + detail);
  }
}
