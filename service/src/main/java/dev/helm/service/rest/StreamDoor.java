package dev.helm.service.rest;

import dev.helm.service.audit.AuditTrail;
import dev.helm.service.auth.Caller;
import dev.helm.service.auth.Front;
import dev.helm.service.auth.Tokens;
import dev.helm.service.stream.StreamHub;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.websocket.server.JettyServerUpgradeRequest;
import org.eclipse.jetty.ee10.websocket.server.JettyServerUpgradeResponse;
import org.eclipse.jetty.ee10.websocket.server.JettyWebSocketServerContainer;
import org.eclipse.jetty.ee10.websocket.server.config.JettyWebSocketServletContainerInitializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets clients with a ticket onto the stream, and puts them out again when their session ends. What
 * is said on the socket is the hub's.
 */
public final class StreamDoor implements AutoCloseable {
  /** Where the stream is. */
  public static final String PATH = "/api/stream";

  /** Longest frame that a client may send, in bytes. */
  static final int FRAME_BYTES_MAX = 4 * 1024;

  /** Most sockets at once. */
  static final int SOCKETS_MAX = 2_000;

  /** Most sockets of one person at once. */
  static final int PERSON_SOCKETS_MAX = 64;

  private static final Logger LOG = LoggerFactory.getLogger(StreamDoor.class);
  private static final Duration IDLE = Duration.ofSeconds(60);
  private static final long SWEEP_MS = 2_000;

  private final Tokens tokens;
  private final Front front;
  private final StreamHub hub;
  private final AuditTrail trail;
  private final Set<StreamSocket> sockets = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService sweeper =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("stream-door").factory());

  /** With what checks tickets, what serves the sockets, and the audit log. */
  public StreamDoor(Tokens tokens, Front front, StreamHub hub, AuditTrail trail) {
    this.front = front;
    this.tokens = tokens;
    this.hub = hub;
    this.trail = trail;
  }

  /** Mounts the stream beside the resources. */
  public void mount(ServletContextHandler context) {
    JettyWebSocketServletContainerInitializer.configure(
        context, (_, container) -> configure(container));
    var unused =
        sweeper.scheduleWithFixedDelay(this::sweep, SWEEP_MS, SWEEP_MS, TimeUnit.MILLISECONDS);
  }

  /** Closes the sockets whose session was taken back or has expired, or whose roles changed. */
  public void closeEnded() {
    Map<String, Optional<Caller>> seen = new HashMap<>();
    for (StreamSocket socket : sockets) {
      Caller then = socket.caller();
      Optional<Caller> now =
          seen.computeIfAbsent(then.tokenId(), _ -> Optional.ofNullable(tokens.again(then)));
      // Attack: a socket that is open already goes on showing what its person may no longer see.
      if (now.isEmpty()) {
        socket.end("unauthenticated", "the session has ended; log in again");
      } else if (!now.get().roles().equals(then.roles())) {
        socket.end("roles_changed", "your roles have changed; connect again");
      }
      socket.disconnectIfDeaf();
    }
  }

  private void sweep() {
    long now = System.nanoTime();
    sockets.forEach(socket -> socket.forgetUnlessOpen(now));
    try {
      closeEnded();
    } catch (RuntimeException e) {
      // The store may be down for a moment; the next sweep looks again.
      LOG.warn("sessions of sockets could not be checked: {}", e.getMessage());
    }
  }

  @Override
  public void close() {
    sweeper.shutdownNow();
    sockets.forEach(socket -> socket.end("going_away", "the service stops; connect again"));
  }

  private void configure(JettyWebSocketServerContainer container) {
    container.setMaxTextMessageSize(FRAME_BYTES_MAX);
    container.setMaxBinaryMessageSize(FRAME_BYTES_MAX);
    container.setMaxFrameSize(FRAME_BYTES_MAX);
    container.setIdleTimeout(IDLE);
    container.addMapping(PATH, this::admit);
  }

  private @Nullable Object admit(
      JettyServerUpgradeRequest request, JettyServerUpgradeResponse response) {
    try {
      // Attack: a page of another site opens the stream from the browser of somebody logged in.
      if (!front.allows(request.getHeaders("Origin"))) {
        response.sendError(403, "another origin");
        return null;
      }
      Caller caller = caller(request);
      if (caller == null) {
        response.sendError(401, "no valid ticket");
        return null;
      }
      if (full(caller)) {
        response.sendError(429, "too many sockets");
        return null;
      }
      // Attack: a few compressed bytes become megabytes. No extension is agreed on.
      response.setExtensions(List.of());
      StreamSocket socket = new StreamSocket(caller, hub, sockets::remove, trail);
      sockets.add(socket);
      return socket;
    } catch (java.io.IOException e) {
      return null;
    }
  }

  private @Nullable Caller caller(JettyServerUpgradeRequest request) {
    List<String> tickets = request.getParameterMap().get("ticket");
    if (tickets == null || tickets.size() != 1) {
      return null;
    }
    Tokens.Admitted admitted = tokens.admit(tickets.getFirst(), Tokens.Purpose.STREAM);
    return admitted == null ? null : admitted.caller();
  }

  private boolean full(Caller caller) {
    return sockets.size() >= SOCKETS_MAX
        || sockets.stream().filter(s -> s.caller().userId().equals(caller.userId())).count()
            >= PERSON_SOCKETS_MAX;
  }
}
