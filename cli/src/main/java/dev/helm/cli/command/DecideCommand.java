package dev.helm.cli.command;

import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Json;
import dev.helm.cli.render.AskedText;
import dev.helm.cli.render.CallText;
import dev.helm.cli.render.SafeText;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code allow} and {@code deny} share: find it, show it whole, decide exactly that. */
abstract class DecideCommand extends HelmCommand {
  @Parameters(
      index = "0",
      paramLabel = "ID|RUN",
      description = "a permission, or a run with exactly one open permission")
  String id = "";

  @Option(names = "--reason", paramLabel = "TEXT", description = "why; the agent reads it")
  @Nullable String reason;

  /** Whether this allows. */
  abstract boolean allow();

  /** Whether a call that cannot be shown may be allowed all the same. */
  abstract boolean unseen();

  /** What is sent for the call that was shown. */
  DecisionBodies.Decide decision(DecisionBodies.InboxItem item) {
    return new DecisionBodies.Decide(
        allow() ? "allow" : "deny", item.argumentsHash(), null, reason, null);
  }

  @Override
  protected ExitCode run() {
    HelmClient client = client();
    Decisions decisions = new Decisions(client);
    DecisionBodies.InboxItem item = decisions.find(id, List.of("permission"));
    show(item);
    Decisions.Result result = decisions.decide(item.id(), decision(item));
    if (!result.applied()) {
      throw new Failure(
          result.exit(), result.words() + ".", "\"helm inbox\" shows what still waits.");
    }
    String shown = item.run().substring(0, Math.min(4, item.run().length()));
    out()
        .line(
            json
                ? Json.write(
                    Map.of(
                        "id",
                        item.id(),
                        "run",
                        item.run(),
                        "decision",
                        allow() ? "allow" : "deny",
                        "state",
                        result.words()))
                : result.words() + " · " + call(item) + " · " + shown);
    return ExitCode.DONE;
  }

  private void show(DecisionBodies.InboxItem item) {
    out().say(SafeText.line(item.runName()) + " wants to " + call(item));
    List<String> rows =
        item.arguments() == null ? null : CallText.rows(tool(item), item.arguments());
    if (rows != null) {
      rows.forEach(out()::say);
      if (item.asked() != null) {
        AskedText.rows(item.reason(), item.asked()).forEach(out()::say);
      }
    } else if (allow() && !unseen()) {
      throw new Failure(
          ExitCode.REFUSED,
          "The call is too long to be shown here, so it is not allowed from here.",
          "Deny it, or allow it without seeing it: helm allow "
              + SafeText.line(item.id())
              + " --unseen");
    }
  }

  private static String tool(DecisionBodies.InboxItem item) {
    return item.tool() == null ? "" : item.tool();
  }

  private static String call(DecisionBodies.InboxItem item) {
    return CallText.line(tool(item), item.object() == null ? "" : item.object());
  }
}
