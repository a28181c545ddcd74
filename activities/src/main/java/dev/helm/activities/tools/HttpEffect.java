package dev.helm.activities.tools;

import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.http.Filled;
import dev.helm.activities.http.HttpAnswer;
import dev.helm.activities.http.HttpCall;
import dev.helm.activities.run.Heart;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.store.RunLog;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.event.RunEvent;
import dev.helm.api.event.WellFormed;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * A blueprint's own request to one host, made by Helm outside of every container, where the secrets
 * are put in. It is sent at most once: a request whose answer was not seen is unknown.
 */
final class HttpEffect implements Effect {
  private static final int ANSWER_BYTES_MAX = 1 << 20;
  private static final int MODEL_CHARS_MAX = 30_000;

  private final RunLog log;
  private final Secrets secrets;
  private final Outgoing outgoing;
  private final String name;
  private final CustomTool tool;
  private final CustomTool.Http http;
  private final HttpCall call;

  HttpEffect(RunLog log, Elsewhere elsewhere, String name, CustomTool tool) {
    this.log = log;
    this.secrets = elsewhere.secrets();
    this.outgoing = Objects.requireNonNull(elsewhere.outgoing(), "there is no way out");
    this.name = name;
    this.tool = tool;
    this.http = Objects.requireNonNull(tool.http());
    this.call = new HttpCall(outgoing);
  }

  @Override
  public String prepare(CallContext context) {
    return "{}";
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    Filled.Ready ready;
    try {
      ready =
          Filled.of(
              http, context.call().arguments(), secrets, context.info().blueprint().project());
    } catch (Filled.Wrong e) {
      return notSent(e.reason());
    } catch (Secrets.UnreadableException e) {
      return notSent(String.valueOf(e.getMessage()));
    }
    Outgoing.Route route;
    try {
      route = outgoing.route(ready.host(), ready.port(), ready.secure());
    } catch (Outgoing.Refused e) {
      record(
          context,
          attempt,
          new RunEvent.EgressDenied(context.toolUseId(), ready.host(), ready.port(), e.reason()));
      return notSent(e.reason());
    }
    // What cannot be recorded is not sent.
    record(
        context,
        attempt,
        new RunEvent.EgressAllowed(context.toolUseId(), route.host(), route.port()));
    if (heart.interrupted()) {
      return new Result.Ended(ToolEnd.interrupted("A person interrupted; nothing was sent."), null);
    }
    try {
      HttpAnswer answer = call.make(route, ready.request(), tool.timeoutMs(), ANSWER_BYTES_MAX);
      // A server that fails may have done it before it did; told as a failure it is done twice.
      return answer.status() >= 500
          ? Result.unseen(
              tool.outward(),
              http.host() + " took the request and then failed, HTTP " + answer.status(),
              end(answer))
          : new Result.Ended(end(answer), null);
    } catch (IOException e) {
      return broken(heart, e);
    }
  }

  private void record(CallContext context, int attempt, RunEvent event) {
    log.append(context.run(), List.of(context.fact("egress-" + attempt, event)));
  }

  private Result broken(Heart heart, IOException e) {
    String why =
        call.late() ? "no answer within " + tool.timeoutMs() / 1000 + " s" : e.getMessage();
    if (heart.interrupted()) {
      return new Result.Ended(
          ToolEnd.interrupted(
              "A person interrupted this call; "
                  + (call.sent()
                      ? "whether it had its effect is not known."
                      : "nothing was sent.")),
          null);
    }
    if (!call.sent()) {
      return notSent(why == null ? "the host cannot be reached" : why);
    }
    String told = name + " got no answer from " + http.host() + ": " + why + ".";
    return Result.unseen(
        tool.outward(),
        "the request was sent to " + http.host() + " and its answer was not seen: " + why,
        call.late() ? ToolEnd.timedOut(told) : ToolEnd.failed("failed · no answer", told));
  }

  private static Result notSent(String reason) {
    return new Result.Ended(ToolEnd.failed("failed · not sent", "Not sent: " + reason), null);
  }

  private ToolEnd end(HttpAnswer answer) {
    int status = answer.status();
    if (http.statusOnly()) {
      // The Rule of Two counts on it: nothing that the host writes reaches the model.
      String only = "HTTP " + status;
      return status < 300
          ? ToolEnd.ok("ok · " + only, "Sent; the answer is " + only + ".")
          : ToolEnd.failed("failed · " + only, "The server answers " + only + ".");
    }
    String text = text(answer);
    String size = OwnCommand.size(answer.body().length);
    if (status < 300) {
      return ToolEnd.ok("ok · HTTP " + status + " · " + size, text);
    }
    String told =
        status < 400
            ? "The server answers with a redirect (HTTP "
                + status
                + " to "
                + Cut.middle(answer.header("location"), 500)
                + "), which is not followed: the secret is for "
                + http.host()
                + " alone.\n"
            : "The server answers with an error, HTTP " + status + ".\n";
    return ToolEnd.failed("failed · HTTP " + status, told + text);
  }

  private static String text(HttpAnswer answer) {
    String type = answer.header("content-type");
    byte[] body = answer.body();
    if (!answer.header("content-encoding").isEmpty() || !readable(type, body)) {
      return "(" + body.length + " bytes of " + Cut.middle(type, 100) + ", not shown)";
    }
    String text = Cut.middle(WellFormed.text(body).strip(), MODEL_CHARS_MAX);
    return (text.isEmpty() ? "(an empty answer)" : text)
        + (answer.cut() ? "\n(the rest of the answer was not read)" : "");
  }

  private static boolean readable(String type, byte[] body) {
    if (type.startsWith("text/") || type.contains("json") || type.contains("xml")) {
      return true;
    }
    for (byte octet : body) {
      if (octet == 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    String reason = "the service was restarted while the request to " + http.host() + " was made";
    return Result.unseen(
        tool.outward(),
        reason,
        ToolEnd.failed("failed · no answer", "No answer: " + reason + ". It was not repeated."));
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    call.stop();
  }

  @Override
  public boolean repeatable() {
    return false;
  }

  @Override
  public Touch touch() {
    return Touch.NOTHING;
  }
}
