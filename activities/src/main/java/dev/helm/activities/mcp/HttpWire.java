package dev.helm.activities.mcp;

import dev.helm.activities.egress.Dial;
import io.modelcontextprotocol.spec.McpSchema;
import java.io.Closeable;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A server that is reached by streamable HTTP: each message is a request of its own, and a stream
 * that ends before its answer is asked for again once the server has numbered its events.
 */
final class HttpWire extends Wire {
  private static final Scheduler WORK =
      Schedulers.fromExecutor(Executors.newVirtualThreadPerTaskExecutor());
  private static final int NOTE_MS = 30_000;
  private static final int RESUMES_MAX = 20;
  private static final int LISTENING_MS = 2_000;
  private static final Object LISTENING = "listening";
  private static final int REASON_BYTES_MAX = 4 << 10;

  private final String run;
  private final URI uri;
  private final Dial dial;
  private final Login login;
  private final Map<Object, Closeable> exchanges = new ConcurrentHashMap<>();
  private final Function<Object, @Nullable String> callOf;
  private volatile @Nullable String session;
  private volatile boolean ended;

  /** The stream on which a server says what belongs to no request; null where there is none. */
  private @Nullable CompletableFuture<Void> listening;

  private volatile boolean unheard;

  /** How Helm proves itself. */
  interface Login {
    /** The Authorization header, or null for none. */
    @Nullable String header() throws IOException;

    /**
     * The server wants another: gets it.
     *
     * @param challenge its WWW-Authenticate header, if it sent one
     * @return whether it is worth trying again
     */
    boolean again(@Nullable String challenge) throws IOException;
  }

  /**
   * A way to {@code uri}.
   *
   * @param callOf the tool call for which a request is made, null for none
   */
  HttpWire(String run, URI uri, Dial dial, Login login, Function<Object, @Nullable String> callOf) {
    this.run = run;
    this.uri = uri;
    this.dial = dial;
    this.login = login;
    this.callOf = callOf;
  }

  @Override
  void begin() {
    // Nothing is open between messages.
  }

  @Override
  public Mono<Void> sendMessage(McpSchema.JSONRPCMessage message) {
    return Mono.<Void>fromRunnable(() -> send(message)).subscribeOn(WORK);
  }

  private void send(McpSchema.JSONRPCMessage message) {
    Object id = message instanceof McpSchema.JSONRPCRequest request ? request.id() : null;
    boolean sent = false;
    try {
      if (id != null && session != null) {
        awaitListening();
      }
      byte[] content = outgoing(message).getBytes(StandardCharsets.UTF_8);
      for (int tries = 1; ; tries++) {
        Map<String, String> headers = headers(null);
        Socket socket = connect(id);
        sent = true;
        try (Exchange exchange =
            Exchange.of(socket, "POST", uri, headers, content, id == null ? NOTE_MS : 0)) {
          if (exchange.status() == 401 && tries == 1) {
            // The server has refused it unread.
            sent = false;
            if (login.again(exchange.header("www-authenticate"))) {
              continue;
            }
          }
          take(exchange, id);
          return;
        }
      }
    } catch (Fault e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw failed(e, sent);
    } finally {
      if (id != null) {
        exchanges.remove(id);
      }
    }
  }

  private Fault failed(Exception e, boolean sent) {
    String why = Plain.line(String.valueOf(e.getMessage()), 300);
    return sent
        ? new Fault(Fault.Kind.LOST, "the connection was lost: " + why, e)
        : new Fault(Fault.Kind.NOT_SENT, why, e);
  }

  private Socket connect(@Nullable Object id) throws IOException {
    if (ended) {
      throw new IOException("the connection was closed");
    }
    Socket socket = dialled(id);
    if (id != null) {
      Closeable before = exchanges.put(id, socket);
      if (before != null) {
        before.close();
      }
    }
    return socket;
  }

  private Socket dialled(@Nullable Object id) throws IOException {
    boolean secure = "https".equals(uri.getScheme());
    int port = uri.getPort() > 0 ? uri.getPort() : secure ? 443 : 80;
    return dial.open(run, id == null ? null : callOf.apply(id), uri.getHost(), port, secure);
  }

  private Map<String, String> headers(@Nullable String lastEvent) throws IOException {
    Map<String, String> headers = new LinkedHashMap<>();
    if (lastEvent == null) {
      headers.put("Content-Type", "application/json");
    } else if (!lastEvent.isEmpty()) {
      headers.put("Last-Event-ID", lastEvent);
    }
    headers.put(
        "Accept", lastEvent == null ? "application/json, text/event-stream" : "text/event-stream");
    String token = login.header();
    if (token != null) {
      headers.put("Authorization", token);
    }
    if (session != null) {
      headers.put("Mcp-Session-Id", session);
    }
    String version = version();
    if (version != null) {
      headers.put("MCP-Protocol-Version", version);
    }
    return headers;
  }

  private void take(Exchange exchange, @Nullable Object id) throws IOException {
    int status = exchange.status();
    if (status / 100 != 2) {
      throw refused(exchange);
    }
    String given = exchange.header("mcp-session-id");
    if (given != null && session == null) {
      if (!given.matches("[\\x21-\\x7e]{1,1000}")) {
        throw new Fault(Fault.Kind.REFUSED, "its session id is no session id");
      }
      session = given;
    }
    if (id == null) {
      listen();
      return;
    }
    String type = String.valueOf(exchange.header("content-type"));
    if (type.startsWith("application/json")) {
      incoming(exchange.text(Limits.MESSAGE_BYTES_MAX), id);
    } else if (type.startsWith("text/event-stream")) {
      stream(new ServerEvents(exchange.body()), id);
    }
    if (isOpen(id)) {
      throw new Fault(
          Fault.Kind.LOST, "it answered the request with something else (" + status + ")");
    }
  }

  private Fault refused(Exchange exchange) {
    int status = exchange.status();
    String said = "";
    try {
      exchange.silence(NOTE_MS);
      byte[] words = exchange.body().readNBytes(REASON_BYTES_MAX);
      said = Plain.line(new String(words, StandardCharsets.UTF_8), 300);
    } catch (IOException e) {
      // The status says enough.
    }
    Fault fault =
        new Fault(
            status >= 500 ? Fault.Kind.BROKE : Fault.Kind.REFUSED,
            what(status) + " (HTTP " + status + ")" + (said.isEmpty() ? "" : ": " + said));
    if ((status == 404 || status == 400) && session != null) {
      // It may have forgotten the session: the next call begins a new one.
      broke(fault);
    }
    return fault;
  }

  private static String what(int status) {
    return status == 401 || status == 403
        ? "it does not accept Helm's credentials"
        : status / 100 == 3
            ? "it points elsewhere, where nobody follows"
            : status >= 500 ? "it took the message and then failed" : "it refused";
  }

  /** Reads until the answer is there, asking for the stream again where it broke off. */
  private void stream(ServerEvents first, Object id) throws IOException {
    ServerEvents events = first;
    String last = null;
    for (int resumes = 0; ; resumes++) {
      try {
        for (String data = events.next(); data != null; data = events.next()) {
          incoming(data, id);
          if (!isOpen(id)) {
            return;
          }
        }
      } catch (IOException e) {
        if (events.lastId() == null && last == null) {
          throw e;
        }
      }
      last = events.lastId() == null ? last : events.lastId();
      if (last == null || resumes == RESUMES_MAX || ended) {
        throw new IOException("the stream ended without an answer");
      }
      pause(events.retryMs());
      events = resumed(last, id);
    }
  }

  private ServerEvents resumed(String last, Object id) throws IOException {
    Exchange exchange = Exchange.of(connect(id), "GET", uri, headers(last), null, NOTE_MS);
    if (exchange.status() != 200
        || !String.valueOf(exchange.header("content-type")).startsWith("text/event-stream")) {
      exchange.close();
      throw new IOException("the stream broke off and is not given again");
    }
    return new ServerEvents(exchange.body());
  }

  /** Begins to listen, unless it does already or the server has no such stream. */
  private synchronized CompletableFuture<Void> listen() {
    CompletableFuture<Void> now = listening;
    if (now == null && !unheard && !ended && session != null) {
      CompletableFuture<Void> opened = new CompletableFuture<>();
      listening = opened;
      Thread.ofVirtual().name("mcp-listen").start(() -> heard(opened));
      return opened;
    }
    return now == null ? CompletableFuture.completedFuture(null) : now;
  }

  /** A server may ask people as soon as it is called, and then has to be heard. */
  private void awaitListening() {
    try {
      listen().get(LISTENING_MS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // It is called all the same.
    }
  }

  private void heard(CompletableFuture<Void> opened) {
    String last = "";
    try {
      for (int again = 0; again < RESUMES_MAX && !ended; again++) {
        try (Exchange exchange =
            Exchange.of(connect(LISTENING), "GET", uri, headers(last), null, NOTE_MS)) {
          if (exchange.status() != 200
              || !String.valueOf(exchange.header("content-type")).startsWith("text/event-stream")) {
            unheard = true;
            return;
          }
          opened.complete(null);
          ServerEvents events = new ServerEvents(exchange.body());
          for (String data = events.next(); data != null; data = events.next()) {
            incoming(data, null);
          }
          last = events.lastId() == null ? last : events.lastId();
          if (!anyOpen()) {
            return;
          }
          pause(events.retryMs());
        }
      }
    } catch (Fault e) {
      broke(e);
    } catch (IOException | RuntimeException e) {
      // It is listened to again with the next call.
    } finally {
      opened.complete(null);
      exchanges.remove(LISTENING);
      synchronized (this) {
        listening = null;
      }
    }
  }

  private static void pause(long ms) throws IOException {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  void abandon(Object request) {
    super.abandon(request);
    close(exchanges.remove(request));
  }

  @Override
  void end() {
    if (ended) {
      return;
    }
    ended = true;
    if (session != null) {
      Thread.ofVirtual().start(this::goodbye);
    }
    exchanges.values().forEach(HttpWire::close);
  }

  private static void close(@Nullable Closeable exchange) {
    try {
      if (exchange != null) {
        exchange.close();
      }
    } catch (IOException e) {
      // Closed as far as it can be.
    }
  }

  /** Tells the server that the session is over; nothing depends on its answer. */
  private void goodbye() {
    try (Exchange exchange =
        Exchange.of(dialled(null), "DELETE", uri, headers(null), null, NOTE_MS)) {
      exchange.status();
    } catch (IOException | RuntimeException e) {
      // It ends by itself.
    }
  }
}
