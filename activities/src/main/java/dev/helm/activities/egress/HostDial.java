package dev.helm.activities.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.List;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Connections that Helm itself makes for a run: the same look at host and address as a container's,
 * the same events, and the address that was checked is the one that is dialled.
 */
public final class HostDial implements Dial {
  private static final String SLOT = "helm";
  private static final int CONNECT_MS = 10_000;
  private static final int DIALS_MAX = 4;

  private final HostResolver resolver;
  private final List<OperatorTarget> targets;
  private final Events events;
  private final SSLSocketFactory tls;
  private final World world;

  /** Is told of every attempt before anything is dialled. */
  @FunctionalInterface
  public interface Events {
    /** Records an attempt of a run. If this throws for an allowed one, it does not happen. */
    void attempt(String run, EgressAttempt attempt);
  }

  /** With the machine's network; {@code tls} says whose certificates are trusted. */
  public HostDial(
      HostResolver resolver, List<OperatorTarget> targets, Events events, SSLSocketFactory tls) {
    this(resolver, targets, events, tls, World.machine());
  }

  HostDial(
      HostResolver resolver,
      List<OperatorTarget> targets,
      Events events,
      SSLSocketFactory tls,
      World world) {
    this.resolver = resolver;
    this.targets = List.copyOf(targets);
    this.events = events;
    this.tls = tls;
    this.world = world;
  }

  @Override
  public Socket open(String run, @Nullable String callId, String host, int port, boolean secure)
      throws IOException {
    String call = callId == null ? "mcp" : callId;
    EgressGrants grants = new EgressGrants();
    SlotGate gate =
        new SlotGate(
            SLOT,
            grants,
            resolver,
            targets,
            attempt -> events.attempt(run, told(attempt, callId)),
            world,
            EgressLimits.DEFAULT.toldPerMinute());
    SlotGate.Pass pass;
    try (AutoCloseable granted = grants.grant(SLOT, call, List.of(host))) {
      pass =
          gate.admit(
              secure
                  ? new ProxyRequest.Connect(host, port)
                  : new ProxyRequest.Plain(host, port, new byte[0], 0));
    } catch (EgressDenied e) {
      gate.denied(callId, host, port, e.reason());
      throw new Dial.DialRefused(e.reason(), e);
    } catch (IOException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      String why = "not a host that can be let out: " + e.getMessage();
      gate.denied(callId, host, port, why);
      throw new Dial.DialRefused(why, e);
    } catch (Exception e) {
      throw new IOException("a grant could not be closed", e);
    }
    gate.allowed(pass);
    return connected(pass, host, secure);
  }

  private static EgressAttempt told(EgressAttempt attempt, @Nullable String callId) {
    return new EgressAttempt(
        attempt.slot(),
        callId,
        attempt.host(),
        attempt.port(),
        attempt.allowed(),
        attempt.reason(),
        attempt.suppressed());
  }

  private Socket connected(SlotGate.Pass pass, String host, boolean secure) throws IOException {
    IOException last = new IOException(host + " has no address");
    List<InetAddress> addresses = pass.addresses();
    for (InetAddress address : addresses.subList(0, Math.min(DIALS_MAX, addresses.size()))) {
      Socket socket = dialled(new InetSocketAddress(address, pass.dialPort()));
      try {
        return secure ? secured(socket, host, pass.port()) : socket;
      } catch (IOException e) {
        socket.close();
        last = e;
      }
    }
    throw last;
  }

  private Socket dialled(InetSocketAddress to) throws IOException {
    SocketChannel channel = SocketChannel.open();
    Thread late =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    Thread.sleep(CONNECT_MS);
                    if (!channel.isConnected()) {
                      channel.close();
                    }
                  } catch (InterruptedException | IOException e) {
                    // It is connected, or closed as far as it can be.
                  }
                });
    try {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      world.connect(channel, to);
      return channel.socket();
    } catch (IOException e) {
      channel.close();
      throw new IOException("no connection to " + to.getPort() + ": " + e.getMessage(), e);
    } finally {
      late.interrupt();
    }
  }

  private Socket secured(Socket plain, String host, int port) throws IOException {
    SSLSocket socket = (SSLSocket) tls.createSocket(plain, host, port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.setSoTimeout(CONNECT_MS);
    socket.startHandshake();
    socket.setSoTimeout(0);
    return socket;
  }
}
