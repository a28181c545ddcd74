package dev.helm.cli.watch;

import dev.helm.api.event.RunEvent;
import dev.helm.cli.Failure;
import dev.helm.cli.command.Decisions;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.render.SafeText;
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
    inBackground(
        () -> {
          Decisions.Result result =
              new Decisions(client)
                  .decide(
                      permission.permissionId(),
                      allow,
                      permission.argumentsHash(),
                      reason.isEmpty() ? null : reason);
          return result.applied() ? "" : result.words();
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
