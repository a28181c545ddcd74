package dev.helm.cli.command;

import dev.helm.api.event.Content;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Json;
import dev.helm.cli.render.AskedText;
import dev.helm.cli.render.CallChange;
import dev.helm.cli.render.CallText;
import dev.helm.cli.render.SafeText;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * What {@code allow} and {@code deny} share: find it, decide exactly that, and show whole what was
 * allowed. Nothing is shown of a decision that did not come to be.
 */
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
    showable(item);
    DecisionBodies.Decide wanted = decision(item);
    Decisions.Result result = decisions.decide(item.id(), wanted);
    if (!result.applied()) {
      throw new Failure(
          result.exit(), result.words() + ".", "\"helm inbox\" shows what still waits.");
    }
    if (allow()) {
      show(item, wanted, result.words().equals("allowed"));
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
                : result.words() + " · " + decided(item, wanted) + " · " + shown);
    return ExitCode.DONE;
  }

  /** A call that cannot be shown is not allowed unseen by chance. */
  private void showable(DecisionBodies.InboxItem item) {
    boolean whole = item.arguments() != null && CallText.rows(tool(item), item.arguments()) != null;
    if (allow() && !unseen() && !whole) {
      throw new Failure(
          ExitCode.REFUSED,
          "The call is too long to be shown here, so it is not allowed from here.",
          "Deny it, or allow it without seeing it: helm allow "
              + SafeText.line(item.id())
              + " --unseen");
    }
  }

  /** The whole call that was allowed, what was changed in it, and what is remembered. */
  private void show(DecisionBodies.InboxItem item, DecisionBodies.Decide wanted, boolean applied) {
    out().say(SafeText.line(item.runName()) + " wants to " + call(item));
    Object changed = wanted.arguments();
    List<String> rows =
        item.arguments() == null ? null : CallText.rows(tool(item), item.arguments());
    if (changed != null) {
      CallChange.rows(item.arguments(), new Content.Text(Json.write(changed)))
          .forEach(row -> out().say("changed " + row));
    } else if (rows != null) {
      rows.forEach(out()::say);
    }
    if (rows != null && item.asked() != null) {
      AskedText.rows(item.reason(), item.asked()).forEach(out()::say);
    }
    DecisionBodies.Remember remember = wanted.remember();
    if (remember != null && applied) {
      out()
          .say(
              "From now on "
                  + SafeText.line(remember.rule())
                  + " runs without asking, in "
                  + (remember.scope().equals("run") ? "this run" : "every run of this blueprint")
                  + (remember.expiresAt() == null ? "." : ", until " + remember.expiresAt() + "."));
    }
  }

  /** The call as it was decided, with the changed arguments if there are any. */
  private static String decided(DecisionBodies.InboxItem item, DecisionBodies.Decide wanted) {
    Object changed = wanted.arguments();
    if (changed == null) {
      return call(item);
    }
    Content now = new Content.Text(Json.write(changed));
    String object = CallText.whole(tool(item), "", now);
    return object.isEmpty()
        ? SafeText.line(tool(item))
            + " changed · "
            + String.join(" · ", CallChange.rows(item.arguments(), now))
        : CallText.line(tool(item), object);
  }

  private static String tool(DecisionBodies.InboxItem item) {
    return item.tool() == null ? "" : item.tool();
  }

  private static String call(DecisionBodies.InboxItem item) {
    return CallText.line(tool(item), item.object() == null ? "" : item.object());
  }
}
