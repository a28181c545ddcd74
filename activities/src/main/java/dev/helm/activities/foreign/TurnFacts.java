package dev.helm.activities.foreign;

import dev.helm.activities.agents.AgentView;
import dev.helm.activities.images.SandboxImages;
import dev.helm.activities.sandbox.SandboxException;
import dev.helm.activities.sandbox.SandboxRefused;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Conversations;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ModelActivity.Call;
import dev.helm.workflows.ModelActivity.Reply;
import dev.helm.workflows.ModelActivity.Request;
import dev.helm.workflows.RunStart.CallResult;
import dev.helm.workflows.decide.CallLine;
import dev.helm.workflows.decide.ToolCall;
import io.temporal.activity.Activity;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the turns of a foreign agent are recorded: facts and journal entry in one transaction. */
final class TurnFacts {
  private static final String PROGRAM = "program";
  private static final String SYSTEM = "system";

  private final RunLog log;
  private final Blobs blobs;
  private final Conversations conversations;
  private final Runs runs;

  TurnFacts(RunLog log, Blobs blobs, Conversations conversations, Runs runs) {
    this.log = log;
    this.blobs = blobs;
    this.conversations = conversations;
    this.runs = runs;
  }

  /** What an earlier attempt was answered with, or null. */
  @Nullable Reply journaled(Request request) {
    String done = log.outcome(request.run(), journalKey(request));
    return done == null ? null : HelmJson.read(done, Reply.class);
  }

  void begins(Request request) {
    log.append(
        request.run(),
        List.of(
            fact(
                request,
                "t" + request.turn() + "/started",
                new RunEvent.TurnStarted(request.turn()))));
  }

  /** Whether the agent was started before in this epoch. */
  boolean agentWasStarted(Request request) {
    return log.outcome(request.run(), prefix(request) + "agent-started") != null;
  }

  /** Notes that the agent runs. {@code again}: not for the first time. */
  void agentStarted(Request request, boolean again) {
    if (again) {
      retried(request, "the agent was gone; it is started anew", 0);
    } else {
      log.append(request.run(), List.of(), prefix(request) + "agent-started", "{}");
    }
  }

  List<Given.Result> results(Request request) {
    List<Given.Result> results = new ArrayList<>();
    for (CallResult result : request.results()) {
      byte[] bytes = blobs.get(result.sha256());
      results.add(
          new Given.Result(
              result.toolUseId(),
              bytes == null
                  ? "(this result was erased)"
                  : new String(bytes, StandardCharsets.UTF_8),
              result.error()));
    }
    return results;
  }

  /** Keeps what the agent said and asks for; without calls, that it has ended well. */
  Reply answered(
      Request request, Runs.Info info, Given given, String said, List<Next.Asked> asked) {
    List<Fact> facts = new ArrayList<>();
    facts.add(said(request, said, asked.isEmpty() ? "end_turn" : "tool_use"));
    List<Call> calls = new ArrayList<>();
    for (Next.Asked each : asked) {
      facts.add(requested(request, each));
      calls.add(new Call(each.toolUseId(), each.tool()));
    }
    List<String> talk = new ArrayList<>();
    add(talk, History.given(request.head() == null ? AgentView.task(info) : null, given));
    add(talk, History.answered(said, asked));
    String head = talk.isEmpty() ? request.head() : conversations.append(request.head(), talk);
    if (head == null) {
      // Nothing was said by anybody.
      head = conversations.append(null, List.of("{\"role\":\"user\",\"content\":[]}"));
    }
    Reply reply = new Reply.Answered(head, calls);
    log.append(request.run(), facts, journalKey(request), HelmJson.write(reply));
    return reply;
  }

  /** The agent has ended badly; for want of money, the run waits for it. */
  Reply failed(Request request, Next.Failed failed) {
    Runs.Short shortage = runs.shortOfMoney(request.run());
    List<Fact> facts = new ArrayList<>();
    if (!failed.said().isBlank()) {
      facts.add(said(request, failed.said(), "error"));
    }
    Reply reply;
    if (shortage == null) {
      reply = new Reply.Refused(failed.reason());
    } else {
      reply = new Reply.OverBudget(shortage.scope(), shortage.detail());
      // Not what it said: an answer ends the wait for money.
      facts.clear();
      facts.add(
          fact(
              request,
              turnKey(request) + "/paused",
              new RunEvent.RunPaused("budget", null, null, null, shortage.detail())));
    }
    log.append(request.run(), facts, journalKey(request), HelmJson.write(reply));
    return reply;
  }

  /** The agent worked on for longer than the run may. */
  Reply tooLong(Request request, Runs.Info info) {
    String detail =
        "the blueprint allows "
            + Duration.ofMillis(info.blueprint().limits().wallTimeMs())
            + " of work, and the agent asked for nothing in that time";
    Reply reply = new Reply.Refused("limit reached: " + detail);
    log.append(
        request.run(),
        List.of(
            fact(
                request,
                turnKey(request) + "/limit",
                new RunEvent.LimitReached("wallTime", detail))),
        journalKey(request),
        HelmJson.write(reply));
    return reply;
  }

  /** Says in the log that the agent will be started again. */
  void retried(Request request, String reason, long waitMs) {
    var info = Activity.getExecutionContext().getInfo();
    String key =
        turnKey(request)
            + "/a"
            + info.getAttempt()
            + "-"
            + info.getCurrentAttemptScheduledTimestamp()
            + "/"
            + (waitMs == 0 ? "anew" : "retried");
    log.append(
        request.run(),
        List.of(
            fact(
                request,
                key,
                new RunEvent.ModelRetried(
                    request.turn(), info.getAttempt(), reason, null, waitMs))));
  }

  /** Says in the log, once, that the run only waits for its container, if that is so. */
  boolean waitsForContainer(Request request, SandboxException why) {
    boolean waits =
        why instanceof SandboxRefused refused
            && (refused.code().equals("full") || refused.code().equals(SandboxImages.BUILDING));
    String key = turnKey(request) + "/container-waits";
    if (waits && log.outcome(request.run(), prefix(request) + key) == null) {
      RunEvent paused =
          new RunEvent.RunPaused(SYSTEM, null, null, null, String.valueOf(why.getMessage()));
      log.append(request.run(), List.of(fact(request, key, paused)), prefix(request) + key, "{}");
    }
    return waits;
  }

  /** The container is there: {@code run.resumed}, once, if the run waited for it in this turn. */
  void containerCame(Request request, Runs.Info info) {
    String waits = prefix(request) + turnKey(request) + "/container-waits";
    if (SYSTEM.equals(info.waitingFor()) && log.outcome(request.run(), waits) != null) {
      RunEvent resumed = new RunEvent.RunResumed(SYSTEM, null);
      log.append(
          request.run(), List.of(fact(request, turnKey(request) + "/container-came", resumed)));
    }
  }

  // ---- parts -------------------------------------------------------------------------------

  private Fact said(Request request, String text, String stopReason) {
    return fact(
        request,
        turnKey(request) + "/message",
        new RunEvent.ModelMessage(
            request.turn(),
            blobs.content(text, "text/plain"),
            PROGRAM,
            stopReason,
            PROGRAM + "-" + request.epoch() + "-" + turnKey(request),
            0,
            0,
            0,
            0));
  }

  private Fact requested(Request request, Next.Asked asked) {
    ToolCall call;
    String hash;
    try {
      call = ToolCall.of(asked.toolUseId(), asked.tool(), asked.arguments());
      hash = call.argumentsHash();
    } catch (IllegalArgumentException e) {
      call = new ToolCall(asked.toolUseId(), asked.tool(), asked.arguments(), Map.of());
      hash = call.argumentsHash();
    }
    return new Fact(
        prefix(request) + asked.toolUseId() + "/requested",
        asked.agent() == null ? request.agent() : asked.agent(),
        new RunEvent.ToolRequested(
            asked.toolUseId(),
            asked.tool(),
            blobs.content(asked.arguments(), "application/json"),
            hash,
            CallLine.object(call),
            request.turn()));
  }

  private static void add(List<String> talk, @Nullable String message) {
    if (message != null) {
      talk.add(message);
    }
  }

  private static Fact fact(Request request, String name, RunEvent event) {
    return new Fact(prefix(request) + name, request.agent(), event);
  }

  static String prefix(Request request) {
    return "e" + request.epoch() + "/" + request.agent() + "/";
  }

  private static String turnKey(Request request) {
    return "t" + request.turn() + "." + request.round();
  }

  private static String journalKey(Request request) {
    return prefix(request) + turnKey(request) + "/model";
  }
}
