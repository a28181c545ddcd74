package dev.helm.activities.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.blueprint.McpServer;
import dev.helm.workflows.HelmJson;
import io.modelcontextprotocol.client.McpAsyncClient;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** One server of one run, from its initialize to its end. */
final class Connection implements Wire.Watcher {
  private static final Duration LONG = Duration.ofHours(26);
  private static final int PROBE_MS = 5_000;
  private static final int WHY_MS = 3_000;

  private final String name;
  private final McpServer server;
  private final Wire wire;
  private final UnaryOperator<String> clean;
  private final Lost lost;
  private final BiConsumer<String, McpSchema.ProgressNotification> progress;
  private final McpAsyncClient client;
  private final Map<String, OpenCall> calls = new ConcurrentHashMap<>();
  private final CompletableFuture<Fault> gone = new CompletableFuture<>();
  private volatile @Nullable ToolList list;
  private volatile boolean stale = true;
  private volatile boolean closed;
  private volatile long usedNs = System.nanoTime();

  /** Is told that the server went by itself. */
  interface Lost {
    /** {@code callId}: the tool call that it costs, null if it is none or there are several. */
    void went(Fault fault, @Nullable String callId);
  }

  /**
   * Over a way that is open.
   *
   * @param clean takes out of its tool list what nobody may be shown
   * @param lost is told once, when the server goes by itself
   * @param progress gets a call's token and what the server says of it
   */
  Connection(
      String name,
      McpServer server,
      Wire wire,
      String version,
      UnaryOperator<String> clean,
      Lost lost,
      BiConsumer<String, McpSchema.ProgressNotification> progress) {
    this.name = name;
    this.server = server;
    this.wire = wire;
    this.clean = clean;
    this.lost = lost;
    this.progress = progress;
    wire.watch(this);
    this.client =
        McpClient.async(wire)
            .clientInfo(new McpSchema.Implementation("helm", version))
            // Times are kept here: the SDK's knows neither progress nor people.
            .requestTimeout(LONG)
            .initializationTimeout(LONG)
            .jsonSchemaValidator(
                (schema, content) -> JsonSchemaValidator.ValidationResponse.asValid(null))
            .capabilities(McpSchema.ClientCapabilities.builder().elicitation(true, false).build())
            .elicitation(this::elicit)
            .progressConsumer(this::progressed)
            .build();
  }

  /** Greets the server and reads its tools. */
  void begin() {
    wait(() -> client.initialize().toFuture(), "answer to initialize");
    tools();
  }

  /** What the server calls itself, for people; null when it does not say. */
  @Nullable String software() {
    McpSchema.Implementation info = client.getServerInfo();
    return info == null ? null : Plain.line(info.name() + " " + info.version(), 100);
  }

  boolean alive() {
    return !closed;
  }

  /** Somebody is about to use it: it is not idle for a while. False if it has ended. */
  boolean use() {
    synchronized (calls) {
      usedNs = System.nanoTime();
      return !closed;
    }
  }

  /** For how long nobody has used it, in milliseconds; -1 while a call is open. */
  long idleMs() {
    synchronized (calls) {
      return calls.isEmpty() ? (System.nanoTime() - usedNs) / 1_000_000 : -1;
    }
  }

  /** Ends it if it is idle for so long; false if it is in use, or has ended. */
  boolean retire(long idleMs) {
    synchronized (calls) {
      if (closed || idleMs() < idleMs) {
        return false;
      }
      closed = true;
    }
    Thread.startVirtualThread(
        () -> shut(new Fault(Fault.Kind.NOT_SENT, "it was ended, as nobody used it")));
    return true;
  }

  /** Its tools as they are now; read again when it said that they have changed. */
  synchronized ToolList tools() {
    ToolList known = list;
    if (known != null && !stale) {
      return known;
    }
    stale = false;
    boolean whole = false;
    try {
      ToolList read = ToolList.of(said(), server, clean);
      list = read;
      whole = true;
      return read;
    } finally {
      stale |= !whole;
    }
  }

  private List<JsonNode> said() {
    List<JsonNode> said = new ArrayList<>();
    McpSchema.ServerCapabilities can = client.getServerCapabilities();
    if (can == null || can.tools() == null) {
      return said;
    }
    wire.callBegins();
    String cursor = McpSchema.FIRST_PAGE;
    long chars = 0;
    for (int page = 0; page == 0 || cursor != null; page++) {
      if (page == Limits.PAGES_MAX) {
        throw new Fault(Fault.Kind.REFUSED, "its tool list has no end");
      }
      String from = cursor;
      McpSchema.ListToolsResult result =
          wait(() -> client.listTools(from).toFuture(), "answer with its tools");
      JsonNode tools = tree(result).path("tools");
      chars += tools.toString().length();
      if (chars > Limits.MESSAGE_BYTES_MAX) {
        throw new Fault(Fault.Kind.TOO_LARGE, "its tool list is longer than 16 MiB");
      }
      tools.forEach(said::add);
      cursor = result.nextCursor();
    }
    return said;
  }

  private JsonNode tree(Object value) {
    try {
      return HelmJson.read(wire.json.writeValueAsString(value), JsonNode.class);
    } catch (IOException | RuntimeException e) {
      throw new Fault(Fault.Kind.REFUSED, "its answer cannot be read", e);
    }
  }

  private <T> T wait(Supplier<CompletableFuture<T>> asking, String what) {
    CompletableFuture<T> answer =
        CompletableFuture.supplyAsync(asking, Thread::startVirtualThread).thenCompose(f -> f);
    gone.thenAccept(answer::completeExceptionally);
    try {
      return answer.get(Limits.ANSWER_MS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new Fault(
          Fault.Kind.LOST, "it did not " + what + " within " + Limits.ANSWER_MS / 1000 + " s", e);
    } catch (ExecutionException e) {
      throw why(Fault.of(e.getCause() == null ? e : e.getCause()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Fault(Fault.Kind.LOST, "the service ends", e);
    }
  }

  /** That a server has ended is often noticed by who writes first; how it ended says more. */
  private Fault why(Fault first) {
    try {
      return first.told() ? first : gone.get(WHY_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return first;
    } catch (ExecutionException | TimeoutException e) {
      return first;
    }
  }

  /** Longest time of one call, in milliseconds. */
  long timeoutMs() {
    return server.timeoutMs();
  }

  /** Begins a call; from here on the server may have seen it. False: it had ended, nothing went. */
  boolean call(OpenCall call, String tool, Map<String, Object> arguments) {
    synchronized (calls) {
      calls.put(call.token(), call);
    }
    wire.callBegins();
    if (closed) {
      end(call, new OpenCall.News.Failed(new Fault(Fault.Kind.NOT_SENT, "it is gone")));
      return false;
    }
    McpSchema.CallToolRequest request =
        McpSchema.CallToolRequest.builder(tool)
            .arguments(arguments)
            .progressToken(call.token())
            .build();
    Thread.ofVirtual()
        .name("mcp-call")
        .start(
            () ->
                client
                    .callTool(request)
                    .subscribe(
                        result -> end(call, new OpenCall.News.Answered(result)),
                        error -> end(call, new OpenCall.News.Failed(Fault.of(error)))));
    return true;
  }

  private void end(OpenCall call, OpenCall.News how) {
    calls.remove(call.token());
    usedNs = System.nanoTime();
    call.ends(how);
  }

  /** Tells the server that a call's answer is not wanted any more. */
  void abandon(OpenCall call, OpenCall.News how) {
    end(call, how);
    Object request = wire.requestOf(call.token());
    if (request == null || closed) {
      return;
    }
    wire.abandon(request);
    wait(
        () ->
            wire.sendMessage(
                    new McpSchema.JSONRPCNotification(
                        "notifications/cancelled",
                        Map.of("requestId", request, "reason", "not wanted any more")))
                .toFuture(),
        "read");
  }

  /** Ends a server that does not even answer a ping. */
  void probe() {
    CompletableFuture<Object> pong =
        CompletableFuture.supplyAsync(() -> client.ping().toFuture(), Thread::startVirtualThread)
            .thenCompose(f -> f);
    try {
      pong.get(PROBE_MS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      broken(new Fault(Fault.Kind.LOST, "it does not answer any more"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The call that a message belongs to, as far as that is known. */
  private @Nullable OpenCall callNow() {
    Object request = Wire.BELONGS_TO.get();
    List<OpenCall> open = calls.values().stream().filter(call -> !call.over()).toList();
    for (OpenCall call : open) {
      if (request != null && request.equals(wire.requestOf(call.token()))) {
        return call;
      }
    }
    return open.size() == 1 ? open.getFirst() : null;
  }

  private Mono<McpSchema.ElicitResult> elicit(McpSchema.ElicitFormRequest request) {
    OpenCall call = callNow();
    if (call == null) {
      return Mono.just(
          new McpSchema.ElicitResult(McpSchema.ElicitResult.Action.CANCEL, null, null));
    }
    return Mono.fromFuture(call.ask(name, Form.of(request.message(), request.requestedSchema())));
  }

  private Mono<Void> progressed(McpSchema.ProgressNotification said) {
    if (said.progressToken() instanceof String token && calls.containsKey(token)) {
      progress.accept(token, said);
    }
    return Mono.empty();
  }

  @Override
  public void listChanged() {
    stale = true;
  }

  @Override
  public void broken(Fault fault) {
    List<OpenCall> open = List.copyOf(calls.values());
    if (close(fault)) {
      lost.went(fault, open.size() == 1 ? open.getFirst().callId() : null);
    }
  }

  /** Ends the server; what is open fails for this reason. False when it had ended before. */
  boolean close(Fault fault) {
    synchronized (calls) {
      if (closed) {
        return false;
      }
      closed = true;
    }
    shut(fault);
    return true;
  }

  private void shut(Fault fault) {
    wire.end();
    gone.complete(fault);
    calls.values().forEach(call -> end(call, new OpenCall.News.Failed(fault)));
    Thread.startVirtualThread(() -> client.closeGracefully().onErrorComplete().subscribe());
  }
}
