package dev.helm.activities.egress;

import java.io.IOException;
import java.net.Socket;
import org.jspecify.annotations.Nullable;

/** Helm's own connections for runs, each of which is an event before anything is dialled. */
public final class HostDial implements Dial {
  private static final int ANSWER_MS = 20_000;

  private final Outgoing outgoing;
  private final Events events;

  /** Is told of every attempt. */
  @FunctionalInterface
  public interface Events {
    /**
     * Records an attempt. If this throws for an allowed one, it does not happen.
     *
     * @param refused why it is not let out, null if it is
     */
    void attempt(
        String run, @Nullable String callId, String host, int port, @Nullable String refused);
  }

  /** Through {@code outgoing}. */
  public HostDial(Outgoing outgoing, Events events) {
    this.outgoing = outgoing;
    this.events = events;
  }

  @Override
  public Socket open(String run, @Nullable String callId, String host, int port, boolean secure)
      throws IOException {
    Outgoing.Route route;
    try {
      route = outgoing.route(host, port, secure);
    } catch (Outgoing.Refused e) {
      events.attempt(run, callId, host, port, e.reason());
      throw new DialRefused(e.reason(), e);
    }
    events.attempt(run, callId, route.host(), route.port(), null);
    Socket socket = outgoing.connect(route, ANSWER_MS, opened -> {});
    socket.setSoTimeout(0);
    return socket;
  }
}
