package dev.helm.activities.model;

import dev.helm.activities.agents.AgentView;
import dev.helm.activities.hook.Hooks;
import dev.helm.activities.run.Heart;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Conversations;
import dev.helm.activities.store.LiveText;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.RunTools;
import dev.helm.api.Usd;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.stream.Frame;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ModelActivity;
import dev.helm.workflows.RunStart.CallResult;
import dev.helm.workflows.decide.CallLine;
import dev.helm.workflows.decide.Shortage;
import dev.helm.workflows.decide.ToolCall;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.failure.ApplicationFailure;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A model call. The journal is asked first, so that a retried activity never gives a second,
 * different answer; the answer, its tool calls and the journal entry are one transaction.
 */
public final class ModelActivityImpl implements ModelActivity {
  private static final long WAIT_MS_MAX = 60_000;

  private final RunLog log;
  private final Blobs blobs;
  private final Conversations conversations;
  private final Runs runs;
  private final LiveText live;
  private final ModelClient client;
  private final RunTools tools;
  private final ModelHooks hooks;

  /** With the store's ports, the way to the key proxy, what tools there are, and hooks. */
  public ModelActivityImpl(
      RunLog log,
      Blobs blobs,
      Conversations conversations,
      Runs runs,
      LiveText live,
      ModelClient client,
      RunTools tools,
      Hooks hooks) {
    this.log = log;
    this.blobs = blobs;
    this.conversations = conversations;
    this.runs = runs;
    this.live = live;
    this.client = client;
    this.tools = tools;
    this.hooks = new ModelHooks(hooks);
  }

  @Override
  public Reply call(Request request) {
    String done = log.outcome(request.run(), journalKey(request));
    if (done != null) {
      return stopped(request, HelmJson.read(done, Reply.class));
    }
    ActivityExecutionContext context = Activity.getExecutionContext();
    int attempt = context.getInfo().getAttempt();
    ModelClient.Line line = new ModelClient.Line();
    try (Heart heart = Heart.start(context, line::cut)) {
      try {
        return stopped(request, attempt(request, attempt, line, heart), heart);
      } catch (RunLog.KeyConflictException e) {
        // An attempt that Temporal had given up was first; its answer is the answer.
        String first = log.outcome(request.run(), journalKey(request));
        if (first == null) {
          throw e;
        }
        return stopped(request, HelmJson.read(first, Reply.class), heart);
      } catch (ModelFault fault) {
        if (heart.interrupted()) {
          return new Reply.Interrupted();
        }
        throw retry(request, attempt, fault);
      }
    }
  }

  /** The reply, unless hooks do not let the agent stop with it. */
  private Reply stopped(Request request, Reply reply) {
    try (Heart heart = Heart.start(Activity.getExecutionContext(), () -> {})) {
      return stopped(request, reply, heart);
    }
  }

  private Reply stopped(Request request, Reply reply, Heart heart) {
    Runs.Info info = AgentView.of(runs, request.run(), request.agent());
    return hooks.stopped(request, info, reply, heart::interrupted);
  }

  private Reply attempt(Request request, int attempt, ModelClient.Line line, Heart heart) {
    Runs.Info info = AgentView.of(runs, request.run(), request.agent());
    Hooks.Said atStart = hooks.start(request, info, heart::interrupted);
    if (atStart.blocks()) {
      return new Reply.Refused("the agent did not begin: " + atStart.told());
    }
    List<String> said = said(request, info, heart);
    begin(request);
    String user = userMessage(request, info, ModelHooks.added(atStart), said);
    List<String> messages = new ArrayList<>();
    if (request.head() != null) {
      messages.addAll(conversations.messages(request.head()));
    }
    messages.add(user);
    int maxTokens = info.blueprint().model().maxTokens();
    ModelClient.Outcome outcome = send(request, info, messages, maxTokens, attempt, line);
    ModelClient.Outcome.OverBudget lowered = null;
    if (outcome instanceof ModelClient.Outcome.OverBudget over
        && over.affordableTokens() >= Shortage.USEFUL_TOKENS_MIN) {
      lowered = over.affordableTokens() < maxTokens ? over : null;
      outcome =
          send(
              request, info, messages, Math.min(maxTokens, over.affordableTokens()), attempt, line);
    }
    return switch (outcome) {
      case ModelClient.Outcome.Whole whole -> answered(request, user, whole.answer(), lowered);
      case ModelClient.Outcome.OverBudget over ->
          overBudget(
              request,
              over,
              over.message(),
              over.shortage() == null ? null : over.shortage().usefulUsd());
      case ModelClient.Outcome.Refused refused ->
          new Reply.Refused(
              "the model's service refuses the request ("
                  + refused.status()
                  + "): "
                  + refused.message());
    };
  }

  private ModelClient.Outcome send(
      Request request,
      Runs.Info info,
      List<String> messages,
      int maxTokens,
      int attempt,
      ModelClient.Line line) {
    String body =
        RequestBody.write(
            info.blueprint().model().name(),
            maxTokens,
            AgentView.system(
                request.agent(),
                RequestBody.fill(AgentView.instructions(info.blueprint()), info.input())),
            tools.definitions(info),
            messages);
    String name = prefix(request) + "t" + request.turn() + "." + request.round() + "/a" + attempt;
    return client.call(
        body,
        runs.modelToken(request.run(), request.epoch()),
        name,
        line,
        text ->
            live.send(
                new Frame.Delta(
                    request.run(),
                    "model.delta",
                    request.agent(),
                    request.turn(),
                    attempt,
                    text,
                    null)));
  }

  /** What the user says in this turn: the task at first, later results and steering. */
  private String userMessage(
      Request request, Runs.Info info, List<String> atStart, List<String> said) {
    List<String> texts = new ArrayList<>();
    if (request.head() == null) {
      texts.add(task(request, info));
      texts.addAll(atStart);
    }
    String goesOn = hooks.goesOn(request, info);
    if (goesOn != null) {
      texts.add(goesOn);
    }
    texts.addAll(said);
    List<RequestBody.Result> results = new ArrayList<>();
    for (CallResult result : request.results()) {
      byte[] bytes = blobs.get(result.sha256());
      results.add(
          new RequestBody.Result(
              result.toolUseId(),
              bytes == null
                  ? "(this result was erased)"
                  : new String(bytes, StandardCharsets.UTF_8),
              result.error()));
    }
    if (results.isEmpty() && texts.isEmpty()) {
      texts.add("(What a person had written here was taken back. Go on.)");
    }
    return RequestBody.user(results, texts);
  }

  /** What people have said since the turn before, as far as hooks let it through. */
  private List<String> said(Request request, Runs.Info info, Heart heart) {
    List<String> texts = new ArrayList<>();
    for (String id : request.messages()) {
      Runs.QueuedMessage message = runs.message(request.run(), id);
      if (message != null) {
        texts.addAll(hooks.message(request, info, message, heart::interrupted));
      }
    }
    return texts;
  }

  private String task(Request request, Runs.Info info) {
    if (!AgentView.isMain(request.agent())) {
      return AgentView.prompt(runs, blobs, request.run(), request.agent());
    }
    return AgentView.task(info);
  }

  private void begin(Request request) {
    List<Fact> facts = new ArrayList<>();
    facts.add(
        fact(request, "t" + request.turn() + "/started", new RunEvent.TurnStarted(request.turn())));
    for (String id : request.messages()) {
      // A message that was taken back since is not read; the log refuses it if it is taken back
      // now.
      if (runs.message(request.run(), id) != null) {
        facts.add(
            fact(request, "message-" + id + "/read", new RunEvent.MessageRead(id, request.turn())));
      }
    }
    log.append(request.run(), facts);
  }

  /**
   * Keeps the answer.
   *
   * @param lowered why the output limit was lowered; null if it was not
   */
  private Reply answered(
      Request request,
      String user,
      Answer answer,
      ModelClient.Outcome.@Nullable OverBudget lowered) {
    if (lowered != null && answer.stopReason().equals("max_tokens")) {
      // It goes on when the whole call fits: again a short answer would be cut, and paid, again.
      return overBudget(
          request,
          lowered,
          "the budget left room for an answer of this length only, and it was cut",
          lowered.shortage() == null ? null : lowered.shortage().wholeUsd());
    }
    List<Fact> facts = new ArrayList<>();
    Answer.Usage usage = answer.usage();
    facts.add(
        fact(
            request,
            turnKey(request) + "/message",
            new RunEvent.ModelMessage(
                request.turn(),
                blobs.content(answer.text(), "text/plain"),
                answer.model(),
                answer.stopReason(),
                answer.messageId(),
                usage.input(),
                usage.output(),
                usage.cacheRead(),
                usage.cacheWrite())));
    List<Call> calls = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    for (Answer.RequestedAction action : answer.calls()) {
      if (!ids.add(action.toolUseId())) {
        throw new ModelFault("the model gave two tool calls one id", 200, 0);
      }
      facts.add(requested(request, action));
      calls.add(new Call(action.toolUseId(), action.tool()));
    }
    Reply reply = cutShort(answer);
    if (reply == null) {
      reply = new Reply.Answered(conversations.append(request.head(), said(user, answer)), calls);
    }
    log.append(request.run(), facts, journalKey(request), HelmJson.write(reply));
    return reply;
  }

  private static @Nullable Reply cutShort(Answer answer) {
    return switch (answer.stopReason()) {
      case "max_tokens" ->
          answer.calls().isEmpty()
              ? new Reply.Refused(
                  "the model's answer was cut at its token limit; raise model.maxTokens in the blueprint")
              : null;
      case "refusal" -> new Reply.Refused("the model refuses to go on");
      default -> null;
    };
  }

  /** An answer without content cannot stand in a conversation: the API refuses it there. */
  private static List<String> said(String user, Answer answer) {
    return answer.text().isEmpty() && answer.calls().isEmpty()
        ? List.of(user)
        : List.of(user, answer.messageJson());
  }

  private Fact requested(Request request, Answer.RequestedAction action) {
    if (action.toolUseId().isEmpty()
        || action.toolUseId().length() > 128
        || runs.requested(request.run(), action.toolUseId()) != null) {
      // Its id is the idempotency key of the effect: a second call must not pass for the first.
      throw new ModelFault("the model gave a tool call an id that is not new", 200, 0);
    }
    Content source = blobs.content(action.source(), "application/json");
    ToolCall call =
        action.wellFormed()
            ? ToolCall.of(action.toolUseId(), action.tool(), action.source())
            : new ToolCall(action.toolUseId(), action.tool(), action.source(), java.util.Map.of());
    return fact(
        request,
        action.toolUseId() + "/requested",
        new RunEvent.ToolRequested(
            action.toolUseId(),
            action.tool(),
            source,
            call.argumentsHash(),
            CallLine.object(call),
            request.turn()));
  }

  private Reply overBudget(
      Request request, ModelClient.Outcome.OverBudget over, String detail, @Nullable Usd needed) {
    Shortage shortage = over.shortage();
    String scope = shortage == null ? "run" : shortage.scope();
    Reply reply = new Reply.OverBudget(scope, detail);
    Runs.Money money = runs.money(request.run());
    List<Fact> facts = new ArrayList<>();
    facts.add(
        fact(
            request,
            turnKey(request) + "/exhausted",
            new RunEvent.BudgetExhausted(
                scope,
                shortage == null ? money.spentUsd() : shortage.spentUsd(),
                shortage == null ? money.capUsd() : shortage.capUsd(),
                detail,
                shortage == null ? null : shortage.period(),
                needed)));
    if (AgentView.isMain(request.agent())) {
      // Beside a sub-agent others may be at work: the main agent says when the run only waits.
      facts.add(
          fact(
              request,
              turnKey(request) + "/paused",
              new RunEvent.RunPaused("budget", null, null, null, detail)));
    }
    log.append(request.run(), facts, journalKey(request), HelmJson.write(reply));
    return reply;
  }

  /** Says in the log that the call will be made again, and lets Temporal make it. */
  private ApplicationFailure retry(Request request, int attempt, ModelFault fault) {
    long backoffMs = Math.min(WAIT_MS_MAX, 500L << Math.min(attempt, 10));
    long jitterMs = ThreadLocalRandom.current().nextLong(backoffMs / 4 + 1);
    long waitMs = fault.retryAfterMs() > 0 ? fault.retryAfterMs() : backoffMs - jitterMs;
    String reason = Objects.requireNonNullElse(fault.getMessage(), "the model call failed");
    log.append(
        request.run(),
        List.of(
            fact(
                request,
                turnKey(request)
                    + "/a"
                    + attempt
                    + "-"
                    + context().getInfo().getCurrentAttemptScheduledTimestamp()
                    + "/retried",
                new RunEvent.ModelRetried(
                    request.turn(), attempt, reason, fault.status(), waitMs))));
    return ApplicationFailure.newBuilder()
        .setMessage(reason)
        .setType("ModelFault")
        .setNextRetryDelay(Duration.ofMillis(waitMs))
        .build();
  }

  private static ActivityExecutionContext context() {
    return Activity.getExecutionContext();
  }

  private static Fact fact(Request request, String name, RunEvent event) {
    return new Fact(prefix(request) + name, request.agent(), event);
  }

  private static String prefix(Request request) {
    return "e" + request.epoch() + "/" + request.agent() + "/";
  }

  private static String turnKey(Request request) {
    return "t" + request.turn() + "." + request.round();
  }

  private static String journalKey(Request request) {
    return prefix(request) + turnKey(request) + "/model";
  }
}
