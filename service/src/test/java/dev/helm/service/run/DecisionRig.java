package dev.helm.service.run;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.run.LogActivityImpl;
import dev.helm.activities.sandbox.EffectAttempt;
import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.EffectOutcome;
import dev.helm.activities.sandbox.EffectSink;
import dev.helm.activities.sandbox.Execution;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.sandbox.SandboxStatus;
import dev.helm.activities.sandbox.Slot;
import dev.helm.activities.sandbox.ToolCommand;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.tools.Tools;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.api.Role;
import dev.helm.api.Sha256;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.service.HelmConfiguration;
import dev.helm.service.HelmService;
import dev.helm.service.Settings;
import dev.helm.service.auth.JwtKey;
import dev.helm.service.auth.ServiceTokenText;
import dev.helm.service.auth.Tokens;
import dev.helm.service.files.Epochs;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.PriceTable;
import dev.helm.service.rest.Backend;
import dev.helm.service.rest.RunControl;
import dev.helm.service.store.Roles;
import dev.helm.service.store.Store;
import dev.helm.service.store.UserStore;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.AgentRunWorkflowImpl;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ModelActivity;
import dev.helm.workflows.decide.ToolCall;
import io.dropwizard.core.Application;
import io.dropwizard.testing.DropwizardTestSupport;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A service with everything real that a decision passes: HTTP, roles, store, Temporal, the run's
 * workflow, the gate and the tool activity. The model is a script, and commands end at once with a
 * note of when they began.
 */
public final class DecisionRig implements AutoCloseable {
  private final Path home;
  private final int port = TemporalServer.freePort();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String address;
  private final DropwizardTestSupport<HelmConfiguration> support;
  private @Nullable Store store;
  private @Nullable WorkerFactory workers;
  private @Nullable WorkflowServiceStubs stubs;
  private volatile int turns = 1;
  private volatile List<String> commands = List.of("make");

  /** When the command of a call began, in nanoseconds, by the command's text; the last word. */
  public final Map<String, Long> began = new ConcurrentHashMap<>();

  /** Every command that ran, in order. */
  public final List<String> ran = java.util.Collections.synchronizedList(new ArrayList<>());

  /** Starts the service against a Temporal server at this address. */
  public DecisionRig(Path home, String temporal) throws Exception {
    this.home = home;
    this.address = temporal;
    Settings settings =
        Settings.of(Map.of("HELM_HOME", home.toString(), "HELM_PORT", String.valueOf(port)));
    support =
        new DropwizardTestSupport<>(HelmService.class, "helm.yml") {
          @Override
          public Application<HelmConfiguration> newApplication() {
            return new HelmService(
                settings, Clock.systemUTC(), (_, opened, _) -> new RigBackend(opened));
          }
        };
    support.before();
  }

  /** An answer of the service. */
  public record Answer(int status, JsonNode json) {
    public String text(String member) {
      return json.path(member).asText();
    }
  }

  public Store store() {
    return Objects.requireNonNull(store);
  }

  /** The address of REST, without a slash at the end. */
  public String url() {
    return "http://127.0.0.1:" + port;
  }

  /** A caller of its own with this role everywhere; gives its token. */
  public String caller(String name, Role role) {
    String text = ServiceTokenText.random();
    store()
        .serviceTokens()
        .create(name, Sha256.hex(text), "*", role, "owner", Instant.now().plus(Duration.ofDays(1)));
    return text;
  }

  /** A person with this role everywhere, logged in; gives the session's token. */
  public String person(String name, Role role) throws IOException {
    Store opened = store();
    UserStore.User user =
        Objects.requireNonNull(
            opened.users().create(name, "no password", null, new Roles(Map.of("*", role))));
    return new Tokens(
            JwtKey.of(home),
            Clock.systemUTC(),
            opened.users(),
            opened.devices(),
            opened.serviceTokens(),
            opened.tokens(),
            opened.tickets())
        .session(user, null)
        .text();
  }

  public Answer call(String token, String method, String path, @Nullable String body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url() + path))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (method.equals("POST")) {
      request.header("Idempotency-Key", UUID.randomUUID().toString());
    }
    try {
      HttpResponse<String> answer =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(answer.statusCode(), HelmJson.read(answer.body(), JsonNode.class));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Stores a blueprint of Bash with these lines under {@code permissions}. */
  public void blueprint(String token, String permissions) {
    String yaml =
        "name: rig\nmodel: {name: claude-sonnet-4-5}\ntask: go\ntools: [Bash]\n"
            + "permissions: {"
            + permissions
            + "}\n";
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + "/api/blueprints/rig"))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/yaml")
            .PUT(HttpRequest.BodyPublishers.ofString(yaml))
            .build();
    try {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() / 100 != 2) {
        throw new IllegalStateException(answer.body());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts a run of so many turns, each with these commands at once; {@code %d} is the turn. */
  public String run(String token, int turnCount, List<String> each) {
    turns = turnCount;
    commands = List.copyOf(each);
    Answer started = call(token, "POST", "/api/runs", "{\"blueprint\":\"rig\"}");
    if (started.status() != 201) {
      throw new IllegalStateException(started.json().toString());
    }
    return started.text("id");
  }

  /** The open permission with this command, waited for. */
  public DecisionBodies.InboxItem asked(String run, String command) {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (System.nanoTime() < deadline) {
      for (DecisionBodies.InboxItem item : open(run)) {
        Content arguments = item.arguments();
        if (arguments != null && store().blobs().text(arguments).contains("\"" + command + "\"")) {
          return item;
        }
      }
      java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
    }
    throw new AssertionError("nobody asked for " + command);
  }

  public List<DecisionBodies.InboxItem> open(String run) {
    return store().inbox().list(dev.helm.service.store.Access.system(), 1000, null).items().stream()
        .filter(item -> item.run().equals(run) && item.kind().equals("permission"))
        .toList();
  }

  /** Events of a type in the log. */
  public List<JsonNode> events(String token, String run, String type) {
    List<JsonNode> events = new ArrayList<>();
    long after = 0;
    while (true) {
      JsonNode page =
          call(
                  token,
                  "GET",
                  "/api/runs/" + run + "/events?limit=1000&type=" + type + "&after=" + after,
                  null)
              .json()
              .path("items");
      page.forEach(events::add);
      if (page.size() < 1000) {
        return events;
      }
      after = page.get(page.size() - 1).path("seq").asLong();
    }
  }

  public void awaitEnd(String token, String run) {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (System.nanoTime() < deadline) {
      String status = call(token, "GET", "/api/runs/" + run, null).text("status");
      if (!status.equals("running") && !status.equals("paused") && !status.equals("queued")) {
        return;
      }
      java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
    }
    throw new AssertionError("the run does not end");
  }

  @Override
  public void close() throws IOException {
    TablesAndLog.agree(store());
    support.after();
    try (Stream<Path> files = Files.walk(home)) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  /** Temporal's client and worker, without engine, ledger's socket and upkeep. */
  private final class RigBackend implements Backend {
    private final WorkflowClient client;
    private final RunControl control;
    private final Snapshots snapshots =
        new Snapshots(
            home,
            new Box(),
            dev.helm.activities.workspace.WorkspaceLimits.DEFAULT,
            Clock.systemUTC());

    RigBackend(Store opened) {
      store = opened;
      WorkflowServiceStubs made =
          WorkflowServiceStubs.newServiceStubs(
              WorkflowServiceStubsOptions.newBuilder().setTarget(address).build());
      stubs = made;
      client =
          WorkflowClient.newInstance(
              made,
              WorkflowClientOptions.newBuilder()
                  .setDataConverter(HelmJson.dataConverter())
                  .build());
      control =
          new TemporalRunControl(
              client, opened, new Ledger(opened, PriceTable.load(home)), blueprint -> null);
    }

    @Override
    public RunControl control() {
      return control;
    }

    @Override
    public Epochs epochs() {
      throw new UnsupportedOperationException("no rollbacks here");
    }

    @Override
    public Snapshots snapshots() {
      return snapshots;
    }

    @Override
    public WorkspaceFiles files(String run) {
      throw new UnsupportedOperationException("no files here");
    }

    @Override
    public List<Bodies.Component> components() {
      return List.of();
    }

    @Override
    public @Nullable String readOnlyBecause() {
      return null;
    }

    @Override
    public void start() {
      WorkerFactory factory =
          WorkerFactory.newInstance(
              client,
              WorkerFactoryOptions.newBuilder().setUsingVirtualWorkflowThreads(true).build());
      Worker worker =
          factory.newWorker(
              AgentRunWorkflow.TASK_QUEUE,
              WorkerOptions.newBuilder().setUsingVirtualThreadsOnActivityWorker(true).build());
      worker.registerWorkflowImplementationTypes(AgentRunWorkflowImpl.class);
      Box box = new Box();
      worker.registerActivitiesImplementations(
          new LogActivityImpl(store().log(), run -> {}),
          new Script(),
          Tools.activity(
              store().log(),
              store().blobs(),
              store().runs(),
              box,
              (run, slot, toolUseId, hosts) -> () -> {},
              null,
              (call, shell) -> {},
              Clock.systemUTC()));
      factory.start();
      workers = factory;
    }

    @Override
    public void close() {
      if (workers != null) {
        workers.shutdownNow();
      }
      if (stubs != null) {
        stubs.shutdownNow();
      }
    }
  }

  /** Turn after turn the same commands, then nothing. */
  private final class Script implements ModelActivity {
    @Override
    public Reply call(Request request) {
      List<Call> calls = new ArrayList<>();
      List<Fact> facts = new ArrayList<>();
      for (int i = 0; i < commands.size() && request.turn() <= turns; i++) {
        String id = "toolu_" + request.turn() + "_" + i;
        String command = String.format(commands.get(i), request.turn());
        String arguments = "{\"command\":" + HelmJson.write(command) + "}";
        facts.add(
            new Fact(
                "e1/main/" + id + "/requested",
                "main",
                new RunEvent.ToolRequested(
                    id,
                    "Bash",
                    Content.text(arguments),
                    ToolCall.of(id, "Bash", arguments).argumentsHash(),
                    command,
                    request.turn())));
        calls.add(new Call(id, "Bash"));
      }
      store().log().append(request.run(), facts);
      return new Reply.Answered("a".repeat(64), calls);
    }
  }

  /** Commands end at once. */
  private final class Box implements Sandbox {
    @Override
    public Slot claim(String run, SandboxLimits limits) {
      return new Slot("00000001", run, "life-1");
    }

    @Override
    public Execution execute(
        String run, EffectAttempt attempt, ToolCommand command, EffectSink sink) {
      String text = command.argv().getLast();
      began.put(text, System.nanoTime());
      ran.add(text);
      EffectExit exit = new EffectExit(0, EffectExit.Reason.EXITED, null, 0, 0, 0);
      return new Execution() {
        @Override
        public CompletableFuture<EffectOutcome> outcome() {
          return CompletableFuture.completedFuture(new EffectOutcome.Ended(exit, false));
        }

        @Override
        public void acknowledge() {}
      };
    }

    @Override
    public void interrupt(String run, String effectKey) {}

    @Override
    public void release(String run) {}

    @Override
    public SandboxStatus status(String run) {
      return new SandboxStatus(SandboxStatus.State.NONE, null, false);
    }

    @Override
    public WorkspaceFiles files(String run) {
      return WorkspaceFiles.at(home.resolve("nothing"));
    }

    @Override
    public <T> T inTree(String run, TreeWork<T> work) {
      throw new UnsupportedOperationException("no files here");
    }

    @Override
    public <T> T atHome(String run, TreeWork<T> work) {
      throw new UnsupportedOperationException("no files here");
    }

    @Override
    public void close() {}
  }
}
