package dev.helm.activities.mcp;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpClientTransport;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.ProtocolVersions;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * What both ways to a server have in common: nothing reaches the SDK but answers to what was asked
 * and the few messages that Helm understands, each of bounded size and all of bounded number.
 */
abstract class Wire implements McpClientTransport {
  /** Notifications that are handed on; a changed tool list is looked at when it is needed. */
  private static final Set<String> HEARD = Set.of("notifications/progress");

  private static final Set<String> ANSWERED = Set.of("ping", "elicitation/create", "roots/list");
  private static final int NOT_FOUND = -32601;

  /** Is told of what is no message to the SDK. */
  interface Watcher {
    /** The server says that its tools have changed. */
    void listChanged();

    /** The connection is of no use any more. */
    void broken(Fault fault);
  }

  /** Which request the message belongs to that is being handled, where the way says so. */
  static final ThreadLocal<@Nullable Object> BELONGS_TO = new ThreadLocal<>();

  final McpJsonMapper json = McpJsonDefaults.getMapper();
  private final Set<Object> open = ConcurrentHashMap.newKeySet();
  private final Map<String, Object> requests = new ConcurrentHashMap<>();
  private final AtomicInteger messages = new AtomicInteger();
  private volatile @Nullable Object initialize;
  private volatile @Nullable String version;
  private volatile @Nullable Watcher watcher;
  private volatile @Nullable
      Function<Mono<McpSchema.JSONRPCMessage>, Mono<McpSchema.JSONRPCMessage>>
      handler;

  void watch(Watcher by) {
    watcher = by;
  }

  /** Ends a request's exchange, as far as the way knows it. */
  void abandon(Object request) {
    open.remove(request);
    requests.values().remove(request);
  }

  /** Ends everything. Safe to repeat. */
  abstract void end();

  abstract void begin();

  /** A new call begins: the count of messages starts again. */
  void callBegins() {
    messages.set(0);
  }

  /** The version of the protocol that both agreed on, once they did. */
  @Nullable String version() {
    return version;
  }

  @Override
  public Mono<Void> connect(
      Function<Mono<McpSchema.JSONRPCMessage>, Mono<McpSchema.JSONRPCMessage>> toHandler) {
    return Mono.fromRunnable(
        () -> {
          handler = toHandler;
          begin();
        });
  }

  @Override
  public Mono<Void> closeGracefully() {
    return Mono.fromRunnable(this::end);
  }

  @Override
  public <T> T unmarshalFrom(Object data, TypeRef<T> type) {
    try {
      return json.convertValue(data, type);
    } catch (RuntimeException e) {
      throw new Fault(Fault.Kind.REFUSED, "its answer cannot be read", e);
    }
  }

  @Override
  public List<String> protocolVersions() {
    return List.of(
        ProtocolVersions.MCP_2024_11_05,
        ProtocolVersions.MCP_2025_03_26,
        ProtocolVersions.MCP_2025_06_18,
        ProtocolVersions.MCP_2025_11_25);
  }

  /** Notes what is asked, so that only its answer is believed to be one. */
  String outgoing(McpSchema.JSONRPCMessage message) throws IOException {
    if (message instanceof McpSchema.JSONRPCRequest request) {
      open.add(request.id());
      if (request.method().equals("initialize")) {
        initialize = request.id();
      }
      if (request.params() instanceof McpSchema.CallToolRequest call
          && call.progressToken() instanceof String token) {
        requests.put(token, request.id());
      }
    }
    return json.writeValueAsString(message);
  }

  /** The request that was sent with this progress token, or null. */
  @Nullable Object requestOf(String token) {
    return requests.get(token);
  }

  /** The progress token of a request, or null. */
  @Nullable String tokenOf(Object request) {
    return requests.entrySet().stream()
        .filter(entry -> entry.getValue().equals(request))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(null);
  }

  boolean anyOpen() {
    return !open.isEmpty();
  }

  boolean isOpen(Object request) {
    return open.contains(request);
  }

  /**
   * Takes one message of the server.
   *
   * @param belongsTo the request on whose stream it came, null where the way does not say
   */
  void incoming(String text, @Nullable Object belongsTo) {
    if (messages.incrementAndGet() > Limits.MESSAGES_MAX) {
      throw new Fault(
          Fault.Kind.LOST, "it sent more than " + Limits.MESSAGES_MAX + " messages in one call");
    }
    McpSchema.JSONRPCMessage message;
    try {
      message = McpSchema.deserializeJsonRpcMessage(json, text);
    } catch (IOException | RuntimeException e) {
      // Many servers print other things too; what is no message says nothing.
      return;
    }
    switch (message) {
      case McpSchema.JSONRPCResponse response -> {
        // Attack: an answer with another request's number, or two to one request.
        if (open.remove(response.id())) {
          requests.values().remove(response.id());
          agreed(response);
          handle(response, belongsTo);
        }
      }
      case McpSchema.JSONRPCNotification notification -> heard(notification, belongsTo);
      case McpSchema.JSONRPCRequest request -> asked(request, belongsTo);
      default -> {
        // There are no others.
      }
    }
  }

  private void agreed(McpSchema.JSONRPCResponse response) {
    if (response.id().equals(initialize)
        && response.result() instanceof Map<?, ?> result
        && result.get("protocolVersion") instanceof String said
        && protocolVersions().contains(said)) {
      version = said;
    }
  }

  private void heard(McpSchema.JSONRPCNotification notification, @Nullable Object belongsTo) {
    if (notification.method().equals("notifications/tools/list_changed")) {
      Watcher by = watcher;
      if (by != null) {
        by.listChanged();
      }
    } else if (HEARD.contains(notification.method())) {
      handle(notification, belongsTo);
    }
  }

  private void asked(McpSchema.JSONRPCRequest request, @Nullable Object belongsTo) {
    if (ANSWERED.contains(request.method())) {
      handle(request, belongsTo);
      return;
    }
    String why =
        request.method().equals("sampling/createMessage")
            ? "Helm lets no server use the model; the agent asks it itself"
            : "Helm does not know this method";
    sendMessage(
            McpSchema.JSONRPCResponse.error(
                request.id(), new McpSchema.JSONRPCResponse.JSONRPCError(NOT_FOUND, why, null)))
        .onErrorComplete()
        .subscribe();
  }

  private void handle(McpSchema.JSONRPCMessage message, @Nullable Object belongsTo) {
    var to = handler;
    if (to == null) {
      return;
    }
    BELONGS_TO.set(belongsTo);
    try {
      to.apply(Mono.just(message)).onErrorComplete().subscribe();
    } finally {
      BELONGS_TO.remove();
    }
  }

  void broke(Fault fault) {
    end();
    Watcher by = watcher;
    if (by != null) {
      by.broken(fault);
    }
  }
}
