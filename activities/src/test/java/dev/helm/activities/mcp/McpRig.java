package dev.helm.activities.mcp;

import dev.helm.activities.egress.Dial;
import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.run.BoxSandbox;
import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.sandbox.WaitingRuns;
import dev.helm.activities.secret.Scrubber;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.tools.Elsewhere;
import dev.helm.activities.tools.RunTools;
import dev.helm.activities.tools.Tools;
import dev.helm.api.Secret;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.Signals;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import dev.helm.workflows.decide.ToolCall;
import io.temporal.activity.ActivityOptions;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.testing.TestActivityEnvironment;
import io.temporal.testing.TestEnvironmentOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The gate, the tool activity and the hub with memory behind them. */
final class McpRig implements AutoCloseable {
  static final Dial NO_DIAL =
      (run, call, host, port, secure) -> {
        throw new IOException("nothing is dialled here");
      };

  /** Accepted lists that outlive a hub. */
  static final class MemoryPins implements Pins {
    final Map<String, String> kept = new ConcurrentHashMap<>();

    @Override
    public @Nullable String get(String blueprintRef, String server) {
      return kept.get(blueprintRef + "/" + server);
    }

    @Override
    public String first(String blueprintRef, String server, String sha256) {
      String before = kept.putIfAbsent(blueprintRef + "/" + server, sha256);
      return before == null ? sha256 : before;
    }

    @Override
    public void accept(String blueprintRef, String server, String sha256) {
      kept.put(blueprintRef + "/" + server, sha256);
    }
  }

  /** Secrets that a test gives. */
  record MapSecrets(Map<String, String> values) implements Secrets {
    @Override
    public @Nullable Secret get(String project, String name) {
      String value = values.get(name);
      return value == null ? null : Secret.of(value);
    }

    @Override
    public Scrubber scrubber(String project) {
      Map<String, List<Secret>> all = new ConcurrentHashMap<>();
      values.forEach((name, value) -> all.put(name, List.of(Secret.of(value))));
      return Scrubber.of(all);
    }

    @Override
    public void hide(String project, String name, Secret value, long untilMs) {
      values.put(name, value.reveal());
    }
  }

  final MemoryStore store;
  final MemoryPins pins;
  final McpHub hub;
  final RunTools tools;
  private final TestActivityEnvironment env =
      TestActivityEnvironment.newInstance(
          TestEnvironmentOptions.newBuilder()
              .setWorkflowClientOptions(
                  WorkflowClientOptions.newBuilder()
                      .setDataConverter(HelmJson.dataConverter())
                      .build())
              .build());
  private final ToolActivity activity;
  private final AtomicInteger ids = new AtomicInteger();

  /** For how long each run has only waited for people, in ms; it works where it is not here. */
  final Map<String, Long> waitingMs = new ConcurrentHashMap<>();

  private final WaitingRuns waits =
      new WaitingRuns() {
        @Override
        public Duration patience() {
          return Duration.ofMinutes(10);
        }

        @Override
        public OptionalLong waitingMs(String run) {
          Long ms = waitingMs.get(run);
          return ms == null ? OptionalLong.empty() : OptionalLong.of(ms);
        }

        @Override
        public void takenBack(String run, String slot, String why) {}
      };

  McpRig(Blueprint plan, Boxes boxes) {
    this(new MemoryStore(plan, "task"), new MemoryPins(), boxes, NO_DIAL, Map.of());
  }

  McpRig(MemoryStore store, MemoryPins pins, Boxes boxes, Dial dial, Map<String, String> secrets) {
    this(store, pins, boxes, dial, secrets, Programs.inDefaultImage());
  }

  McpRig(
      MemoryStore store,
      MemoryPins pins,
      Boxes boxes,
      Dial dial,
      Map<String, String> secrets,
      Programs programs) {
    this(store, pins, boxes, dial, secrets, programs, new BoxSandbox(store.crashes));
  }

  McpRig(
      MemoryStore store,
      MemoryPins pins,
      Boxes boxes,
      Dial dial,
      Map<String, String> secrets,
      Programs programs,
      Sandbox sandbox) {
    this.store = store;
    this.pins = pins;
    Secrets kept = new MapSecrets(new ConcurrentHashMap<>(secrets));
    hub = new McpHub(store, store, pins, kept, boxes, programs, dial, waits, "test");
    tools = new RunTools(List.of(hub));
    env.registerActivitiesImplementations(
        Tools.activity(
            store,
            store,
            store,
            sandbox,
            (run, slot, toolUseId, hosts) -> () -> {},
            null,
            (call, shell) -> {},
            Clock.fixed(Instant.parse("2026-03-02T14:02:13Z"), ZoneOffset.UTC),
            new Elsewhere(tools, kept, null, HookRunner.none())));
    activity =
        env.newActivityStub(
            ToolActivity.class,
            ActivityOptions.newBuilder().setStartToCloseTimeout(Duration.ofMinutes(5)).build());
  }

  /** A blueprint with one program as server {@code s}, where these rules allow. */
  static Blueprint plan(McpServer server, String... allow) {
    return Plans.withServers(
        Plans.rules(List.of(), List.of(), List.of(allow)), Map.of("s", server));
  }

  static McpServer program(long timeoutMs, String... secrets) {
    return new McpServer(
        null,
        List.of("server"),
        null,
        null,
        List.of(),
        Map.of("PLAIN", "text"),
        List.of(secrets),
        null,
        List.of("api.test.example"),
        timeoutMs,
        List.of(),
        List.of());
  }

  /** What the model is told; connects where nobody has seen the tools. */
  String told() {
    return tools.definitions(store.info(MemoryStore.RUN));
  }

  /** A new call, as far as it comes without people. */
  Reply call(String tool, String arguments) {
    return step(asked(tool, arguments), new Phase.Asked());
  }

  /** The model asks for a call; gives its id. */
  String asked(String tool, String arguments) {
    String id = "t" + ids.incrementAndGet();
    store.append(
        MemoryStore.RUN,
        List.of(
            new Fact(
                "requested-" + id,
                "main",
                new RunEvent.ToolRequested(
                    id,
                    tool,
                    store.content(arguments, "application/json"),
                    ToolCall.of(id, tool, arguments).argumentsHash(),
                    "x",
                    1))));
    return id;
  }

  Reply step(String id, Phase phase) {
    String tool = Objects.requireNonNull(store.requested(MemoryStore.RUN, id)).tool();
    return activity.step(
        new ToolActivity.Request(MemoryStore.RUN, 1, "main", id, tool, true, phase));
  }

  /** A person interrupts what is at work. */
  void interrupt() {
    env.requestCancelActivity();
  }

  String lastId() {
    return "t" + ids.get();
  }

  Reply allow(Reply asked) {
    Reply.Waits waits = (Reply.Waits) asked;
    return step(
        lastId(),
        new Phase.Decided(
            new Signals.Decide(
                "d", waits.waitId(), true, waits.argumentsHash(), null, "ada", null)));
  }

  Reply answer(Reply asked, String text) {
    String question = ((Reply.Waits) asked).waitId();
    return step(
        lastId(), new Phase.Answered(new Signals.Answer("a" + question, question, text, "bo")));
  }

  /** What the model reads. */
  String told(Reply reply) {
    byte[] bytes = store.get(((Reply.Done) reply).result().sha256());
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    hub.close();
    env.close();
  }
}
