package dev.helm.activities.tools;

import dev.helm.activities.secret.Scrubber;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.TakenBack;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.RunStart.CallResult;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How the steps of a call are recorded: facts and the journal entry in one transaction. */
final class CallRecord {
  /** Always three decimals, as the log's own times. */
  private static final DateTimeFormatter TIMES =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

  /** Most of the changed arguments that the model is told of. */
  private static final int EDIT_CHARS_MAX = 8_000;

  private static final String SYSTEM = "system";
  static final String NO_CONTAINER_FREE =
      "all containers are at work; the run goes on by itself when one is free";

  private final RunLog log;
  private final Blobs blobs;
  private final Secrets secrets;
  private final Clock clock;

  CallRecord(RunLog log, Blobs blobs, Secrets secrets, Clock clock) {
    this.log = log;
    this.blobs = blobs;
    this.secrets = secrets;
    this.clock = clock;
  }

  // ---- what an earlier attempt recorded ----------------------------------------------------

  /** What a step of this phase was answered with, or null while it has no end. */
  @Nullable Reply reply(CallContext context, Phase phase) {
    String done = log.outcome(context.run(), journalKey(context, phase));
    return done == null ? null : HelmJson.read(done, Reply.class);
  }

  boolean started(CallContext context, int attempt) {
    return prepared(context, attempt) != null;
  }

  /** What the effect prepared before its intent was recorded, or null if there is no intent. */
  @Nullable String prepared(CallContext context, int attempt) {
    return log.outcome(context.run(), context.key("started-" + attempt));
  }

  /** Whether any attempt at the call has begun, so that it may be at work. */
  boolean begun(CallContext context) {
    return started(context, 1);
  }

  /**
   * Whether the call was begun in a life of the run that a rollback has ended. Epoch 0 is the run
   * that this one was forked from.
   */
  boolean begunInFormerEpoch(CallContext context) {
    for (int epoch = context.request().epoch() - 1; epoch >= 0; epoch--) {
      if (log.outcome(context.run(), context.key(epoch, "started-1")) != null) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether such a call was taken back by a rollback, or stands behind a fork, under another id:
   * one with these arguments, and of a sub-agent any of this tool.
   *
   * @param anyOfTool whether calls of the tool are alike enough without their arguments
   */
  boolean takenBack(CallContext context, boolean anyOfTool) {
    String tool = context.call().tool();
    return has(context, TakenBack.call(tool, context.argumentsHash()))
        || anyOfTool && has(context, TakenBack.bySubagent(tool));
  }

  private boolean has(CallContext context, String key) {
    return log.outcome(context.run(), key) != null;
  }

  private static String journalKey(CallContext context, Phase phase) {
    return switch (phase) {
      case Phase.Asked asked -> context.key("asked");
      case Phase.Decided decided -> context.key("decided");
      case Phase.Approved approved -> context.key("approved-" + approved.decision().id());
      case Phase.TimedOut timedOut -> context.key("timedOut-" + timedOut.waitId());
      case Phase.Answered answered -> context.key("answered-" + answered.answer().questionId());
      case Phase.Returned returned -> context.key("returned");
      case Phase.Dropped dropped -> context.key("dropped");
    };
  }

  // ---- steps -------------------------------------------------------------------------------

  /**
   * The fact that the call began. The first has the key of {@code tool.blocked}, so that of an
   * attempt that Temporal gave up and the one after it only one can begin or block the call.
   */
  Fact began(CallContext context, RunEvent.GatePass gate, int attempt) {
    return context.fact(
        attempt == 1 ? "begins" : "begins-" + attempt,
        new RunEvent.ToolStarted(
            context.toolUseId(), context.call().tool(), context.argumentsHash(), gate, attempt));
  }

  /** Commits the intent, after which the effect may happen. */
  void starts(CallContext context, List<Fact> facts, int attempt, String prepared) {
    log.append(context.run(), facts, context.key("started-" + attempt), prepared);
  }

  Reply waits(
      CallContext context,
      List<Fact> facts,
      String id,
      String reason,
      @Nullable String argumentsHash,
      Instant deadline) {
    return waits(context, facts, id, reason, argumentsHash, deadline, null);
  }

  Reply waits(
      CallContext context,
      List<Fact> facts,
      String id,
      String reason,
      @Nullable String argumentsHash,
      Instant deadline,
      ToolActivity.@Nullable Asking asking) {
    List<Fact> all = new ArrayList<>(facts);
    if (context.request().alone()) {
      boolean permission = reason.equals("permission");
      all.add(
          context.fact(
              "paused-" + id,
              new RunEvent.RunPaused(
                  reason, null, permission ? id : null, permission ? null : id, null)));
    }
    return replies(
        context, all, new Reply.Waits(id, reason, argumentsHash, deadline.toEpochMilli(), asking));
  }

  Reply blocked(
      CallContext context, List<Fact> facts, String by, String why, @Nullable String rule) {
    String reason = scrubber(context).text(why);
    List<Fact> all = new ArrayList<>(facts);
    all.addAll(containerCame(context));
    all.add(
        context.fact(
            "begins",
            new RunEvent.ToolBlocked(
                context.toolUseId(), context.call().tool(), by, reason, rule)));
    String told = by.equals("person") ? "Denied by a person: " + reason : "Not allowed: " + reason;
    return replies(
        context,
        all,
        new Reply.Done(
            new CallResult(
                context.toolUseId(), store(told + CallHooks.words(context.hooks())), true)));
  }

  Reply finished(CallContext context, List<Fact> facts, ToolEnd raw, long tookMs) {
    // Attack: a server repeats the secret that it was given. Nothing is kept or shown unlooked at.
    ToolEnd end = raw.scrubbed(scrubber(context));
    List<Fact> all = new ArrayList<>(facts);
    int i = 0;
    for (String path : end.read()) {
      all.add(context.fact("read-" + i++, new RunEvent.FileRead(path, context.toolUseId())));
    }
    all.add(context.fact("finished", event(context, end, tookMs)));
    i = 0;
    for (String path : end.changed()) {
      all.add(context.fact("changed-" + i++, new RunEvent.FileChanged(path, context.toolUseId())));
    }
    CallResult result =
        new CallResult(
            context.toolUseId(),
            store(asOthersChangedIt(context) + end.forModel() + CallHooks.words(context.hooks())),
            end.error());
    if (end.outcome().equals("ok") && CallHooks.afterwards(context)) {
      // The end is on disk before a hook is asked of it: that may take long, or die.
      log.append(context.run(), all, context.key("ended"), HelmJson.write(result));
      return new Reply.Done(result);
    }
    return replies(context, all, new Reply.Done(result));
  }

  /** The result of a call whose hooks have not all been heard yet; null for none. */
  @Nullable CallResult ended(CallContext context) {
    String ended = log.outcome(context.run(), context.key("ended"));
    return ended == null ? null : HelmJson.read(ended, CallResult.class);
  }

  /** What the model must know to understand a result that is not of what it asked for. */
  private static String asOthersChangedIt(CallContext context) {
    String changed = context.changed();
    return changed == null
        ? ""
        : (context.edited() == null
                ? "A hook changed the arguments of this call. It ran with: "
                : "A person changed the arguments of this call before allowing it. It ran with: ")
            + Cut.middle(changed, EDIT_CHARS_MAX)
            + "\n\n";
  }

  private RunEvent event(CallContext context, ToolEnd end, long tookMs) {
    Content content = blobs.content(end.forModel(), "text/plain");
    return new RunEvent.ToolFinished(
        context.toolUseId(),
        context.call().tool(),
        end.outcome(),
        end.summary(),
        content,
        end.exitCode(),
        tookMs,
        end.bytes(),
        end.droppedBytes() == 0 ? null : end.droppedBytes());
  }

  /** Facts of a step that goes on after them. */
  void notes(CallContext context, List<Fact> facts) {
    log.append(context.run(), facts);
  }

  /** Notes what people are shown of a tool that is not as it was; the last one is what counts. */
  void shows(CallContext context, String token) {
    int i = 1;
    for (String said = shown(context, i); said != null; said = shown(context, ++i)) {
      if (said.equals(token) && shown(context, i + 1) == null) {
        return;
      }
    }
    log.append(context.run(), List.of(), context.key("shows-" + i), token);
  }

  /** What people were shown of a tool that is not as it was, or null. */
  @Nullable String shown(CallContext context) {
    String last = null;
    int i = 1;
    for (String said = shown(context, i); said != null; said = shown(context, ++i)) {
      last = said;
    }
    return last;
  }

  private @Nullable String shown(CallContext context, int i) {
    return log.outcome(context.run(), context.key("shows-" + i));
  }

  Reply replies(CallContext context, List<Fact> facts, Reply reply) {
    log.append(
        context.run(),
        facts,
        journalKey(context, context.request().phase()),
        HelmJson.write(reply));
    return reply;
  }

  /**
   * Every container is at work and the call is tried again until one is free: said once, and only
   * where nothing else of the run is at work.
   */
  void waitsForContainer(CallContext context, String why) {
    if (context.request().alone()) {
      log.append(
          context.run(),
          List.of(
              context.fact(
                  "container-waits", new RunEvent.RunPaused(SYSTEM, null, null, null, why))),
          context.key("container-waits"),
          "{}");
    }
  }

  /** {@code run.resumed}, if the log says that the run waits for a container for this call. */
  List<Fact> containerCame(CallContext context) {
    return SYSTEM.equals(context.info().waitingFor())
            && log.outcome(context.run(), context.key("container-waits")) != null
        ? List.of(context.fact("container-came", new RunEvent.RunResumed(SYSTEM, null)))
        : List.of();
  }

  /** Takes out the values of the secrets that the run's tools may have been given. */
  Scrubber scrubber(CallContext context) {
    return secrets.scrubber(context.info().blueprint().project());
  }

  // ---- parts -------------------------------------------------------------------------------

  /** {@code run.resumed}, if the log says that the run waits for people. */
  List<Fact> resumed(CallContext context, String name) {
    String waitingFor = context.info().waitingFor();
    return waitingFor != null && Unknowns.WAITS.contains(waitingFor)
        ? List.of(context.fact("resumed-" + name, new RunEvent.RunResumed(waitingFor, null)))
        : List.of();
  }

  Content content(String text) {
    return blobs.content(text, "text/plain");
  }

  Content arguments(String json) {
    return blobs.content(json, "application/json");
  }

  /** When silence becomes the answer to something that is asked now. */
  Instant deadline(CallContext context) {
    return deadline(context, Long.MAX_VALUE);
  }

  /** The same for what may wait no longer than {@code longestMs}. */
  Instant deadline(CallContext context, long longestMs) {
    return Instant.ofEpochMilli(
        clock.millis() + Math.min(longestMs, context.info().blueprint().permissions().timeoutMs()));
  }

  static String text(Instant time) {
    return TIMES.format(time);
  }

  private String store(String text) {
    return blobs.put(text.getBytes(StandardCharsets.UTF_8), "text/plain");
  }
}
