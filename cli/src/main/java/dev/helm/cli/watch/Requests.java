package dev.helm.cli.watch;

import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.Failure;
import dev.helm.cli.command.Decisions;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.render.SafeText;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.function.Supplier;

/** What a person asks of the service while watching; never holds up the drawing. */
final class Requests {
  private static final long PATIENCE_MS = 20_000;

  private final HelmClient client;
  private final String run;
  private final BlockingQueue<Happening> queue;

  Requests(HelmClient client, String run, BlockingQueue<Happening> queue) {
    this.client = client.patient(PATIENCE_MS);
    this.run = run;
    this.queue = queue;
  }

  void decide(RunEvent.PermissionRequested permission, boolean allow, String reason) {
    decide(
        permission,
        new DecisionBodies.Decide(
            allow ? "allow" : "deny",
            permission.argumentsHash(),
            null,
            reason.isEmpty() ? null : reason,
            null));
  }

  /** Allows with other arguments, the text of a JSON object. */
  void edit(RunEvent.PermissionRequested permission, Map<String, Object> arguments) {
    decide(
        permission,
        new DecisionBodies.Decide("allow", permission.argumentsHash(), arguments, null, null));
  }

  /** Allows, and calls that the rule matches for the rest of the run. */
  void remember(RunEvent.PermissionRequested permission, String rule) {
    decide(
        permission,
        new DecisionBodies.Decide(
            "allow",
            permission.argumentsHash(),
            null,
            null,
            new DecisionBodies.Remember("run", rule, null)));
  }

  private void decide(RunEvent.PermissionRequested permission, DecisionBodies.Decide wanted) {
    inBackground(
        () -> {
          Decisions.Result result = new Decisions(client).decide(permission.permissionId(), wanted);
          boolean quiet = result.words().equals("allowed") || result.words().equals("denied");
          return quiet ? "" : result.words();
        });
  }

  void steer(String text, String told) {
    inBackground(
        () -> {
          client.message(run, text, "next");
          return told;
        });
  }

  void answer(String question, String text) {
    inBackground(
        () -> {
          client.answer(question, text);
          return "";
        });
  }

  void control(String verb) {
    inBackground(
        () -> {
          String state = String.valueOf(client.control(run, verb).tree().get("state"));
          return verb.equals("pause")
              ? "Pause " + SafeText.line(state) + ": it takes effect after the call that runs now."
              : SafeText.line(state);
        });
  }

  private void inBackground(Supplier<String> work) {
    Thread.ofVirtual()
        .name("request")
        .start(
            () -> {
              try {
                queue.add(new Happening.Told(work.get()));
              } catch (Failure failure) {
                queue.add(new Happening.Told((failure.what() + " " + failure.todo()).strip()));
              }
            });
  }
}
