package dev.helm.activities.mcp;

import dev.helm.activities.run.Heart;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.tools.CallContext;
import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.ToolEnd;
import dev.helm.api.event.RunEvent;
import io.modelcontextprotocol.spec.McpSchema;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A call of a server's tool. What the server says of repeating it is not believed: a call whose end
 * was not seen is unknown. The call itself lives in the service's memory; people who are asked in
 * its course answer in a later step of the activity.
 */
final class McpEffect implements Effect {
  private final McpHub hub;
  private final RunLog log;
  private final Blobs blobs;
  private final Secrets secrets;
  private final Results results;
  private final Map<String, Work> works = new ConcurrentHashMap<>();

  /** A call that a server works on. */
  private record Work(
      CallContext context,
      int attempt,
      String server,
      Connection connection,
      OpenCall call,
      Told told) {}

  /** What people were told of a call's progress; guarded by itself. */
  private static final class Told {
    int events;
    long lastNs = System.nanoTime() - Limits.PROGRESS_EVERY_MS * 1_000_000;
    long bytes;
  }

  McpEffect(McpHub hub, RunLog log, Blobs blobs, Secrets secrets) {
    this.hub = hub;
    this.log = log;
    this.blobs = blobs;
    this.secrets = secrets;
    this.results = new Results(blobs);
  }

  @Override
  public String prepare(CallContext context) {
    return "{}";
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    String tool = context.call().tool();
    String server = Objects.requireNonNull(McpHub.server(context.info(), tool));
    String key = context.effectKey(attempt);
    Told told = new Told();
    for (boolean again = false; ; again = true) {
      Work work;
      boolean sent;
      try {
        Connection connection = hub.ready(context.info(), server);
        OpenCall call = new OpenCall(key, context.toolUseId(), tool, connection.timeoutMs());
        work = new Work(context, attempt, server, connection, call, told);
        works.put(key, work);
        sent = connection.call(call, McpHub.ownName(server, tool), arguments(context));
      } catch (Fault e) {
        return new Result.NotStarted("MCP server " + server + ": " + e.why());
      }
      // A server that was ended for want of use between the look and the call is started again.
      if (sent || again) {
        return conclude(work, heart);
      }
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> arguments(CallContext context) {
    return (Map<String, Object>) Objects.requireNonNull(Numbers.exact(context.call().arguments()));
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    Work work = works.get(context.effectKey(attempt));
    String why =
        "the service was restarted while the MCP server worked on it, and with it the server";
    return work == null ? unseen(context, why, "failed · no answer") : conclude(work, heart);
  }

  @Override
  public Result answered(
      CallContext context, int attempt, int number, @Nullable String answer, Heart heart) {
    Work work = works.get(context.effectKey(attempt));
    if (work == null) {
      return unseen(
          context,
          "the service was restarted while the MCP server waited for the answer",
          "failed · no answer");
    }
    work.call().answer(number, answer);
    return conclude(work, heart);
  }

  private Result conclude(Work work, Heart heart) {
    if (heart.interrupted()) {
      work.call().cancel();
    }
    OpenCall.News news;
    try {
      news = work.call().await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      // The service ends; the next life finds the intent and says that nobody knows.
      throw new IllegalStateException("the service ends", e);
    }
    if (news instanceof OpenCall.News.Asks asks) {
      return new Result.Asks(
          asks.number(), asks.text(), asks.form().options(), asks.form().options().isEmpty());
    }
    works.remove(work.call().token());
    return over(work, news);
  }

  private Result over(Work work, OpenCall.News news) {
    return switch (news) {
      case OpenCall.News.Answered answered -> ended(answer(work, answered.result()));
      case OpenCall.News.Failed failed -> failed(work, failed.fault());
      case OpenCall.News.TimedOut timedOut -> {
        abandon(work, news);
        work.connection().probe();
        String why =
            "MCP server "
                + work.server()
                + " did not answer within "
                + work.connection().timeoutMs() / 1000
                + " s";
        yield Result.unseen(
            acts(work.context()),
            why + "; it was told to stop",
            ToolEnd.timedOut(why + ". It was told to stop."));
      }
      case OpenCall.News.Cancelled cancelled -> {
        abandon(work, news);
        yield ended(
            ToolEnd.interrupted(
                "A person interrupted this call. The server was told to stop; whether it did"
                    + " something is not known."));
      }
      case OpenCall.News.Asks asks -> throw new IllegalStateException("it is not over");
    };
  }

  private ToolEnd answer(Work work, McpSchema.CallToolResult result) {
    try {
      return results.end(result, secrets.scrubber(work.context().info().blueprint().project()));
    } catch (Fault e) {
      return ToolEnd.failed("failed · no answer", "The server's answer cannot be read.");
    }
  }

  private Result failed(Work work, Fault fault) {
    String why = "MCP server " + work.server() + ": " + fault.why();
    return switch (fault.kind()) {
      case NOT_SENT -> ended(ToolEnd.failed("failed · not sent", why + ". It did nothing."));
      case REFUSED -> ended(ToolEnd.failed("failed · the server refused it", why));
      case TOO_LARGE -> {
        hub.drop(work.context().run(), work.server(), fault);
        yield unseen(work.context(), why + "; ask it for less", "failed · the answer is too large");
      }
      case LOST, BROKE -> unseen(work.context(), why, "failed · no answer");
    };
  }

  private static Result unseen(CallContext context, String why, String summary) {
    return Result.unseen(
        acts(context), why, ToolEnd.failed(summary, why + ". It was not repeated."));
  }

  /** Whether nobody vouches that the tool only reads; what its server says is no vouching. */
  private static boolean acts(CallContext context) {
    String tool = context.call().tool();
    String server = Objects.requireNonNull(McpHub.server(context.info(), tool));
    return !Objects.requireNonNull(context.info().blueprint().mcpServers().get(server))
        .reads()
        .contains(McpHub.ownName(server, tool));
  }

  private static Result ended(ToolEnd end) {
    return new Result.Ended(end, null);
  }

  private void abandon(Work work, OpenCall.News how) {
    try {
      work.connection().abandon(work.call(), how);
    } catch (Fault e) {
      hub.drop(work.context().run(), work.server(), new Fault(Fault.Kind.LOST, e.why()));
    }
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    Work work = works.get(context.effectKey(attempt));
    if (work != null) {
      work.call().cancel();
    }
  }

  @Override
  public boolean repeatable() {
    return false;
  }

  @Override
  public Touch touch() {
    return Touch.NOTHING;
  }

  /** The run is over: nobody asks after its calls any more. */
  void forget(String run) {
    works.values().removeIf(work -> work.context().run().equals(run));
  }

  /** The id of the tool call whose effect has this key, or null. */
  @Nullable String callOf(String key) {
    Work work = works.get(key);
    return work == null ? null : work.context().toolUseId();
  }

  /** What a server says on the way becomes events, so many and no more. */
  void progressed(String key, McpSchema.ProgressNotification said) {
    Work work = works.get(key);
    if (work == null) {
      return;
    }
    synchronized (work.told()) {
      Told told = work.told();
      long now = System.nanoTime();
      if (told.events >= Limits.PROGRESS_MAX
          || now - told.lastNs < Limits.PROGRESS_EVERY_MS * 1_000_000) {
        return;
      }
      told.events++;
      told.lastNs = now;
      CallContext context = work.context();
      String text = secrets.scrubber(context.info().blueprint().project()).text(text(said)) + "\n";
      long offset = told.bytes;
      told.bytes += text.length();
      log.append(
          context.run(),
          List.of(
              context.fact(
                  "progress-" + work.attempt() + "-" + told.events,
                  new RunEvent.ToolOutput(
                      context.toolUseId(), blobs.content(text, "text/plain"), offset))));
    }
  }

  private static String text(McpSchema.ProgressNotification said) {
    String of = said.total() == null ? "" : " of " + number(said.total());
    String message = said.message() == null ? "" : " · " + Plain.line(said.message(), 500);
    return number(said.progress()) + of + message;
  }

  private static String number(Double value) {
    return value % 1 == 0 && Math.abs(value) < 1e15
        ? String.valueOf(value.longValue())
        : value.toString();
  }
}
