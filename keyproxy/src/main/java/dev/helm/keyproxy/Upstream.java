package dev.helm.keyproxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.ConcurrentLinkedDeque;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** The one upstream: opens connections to it and keeps idle ones for a short while. */
final class Upstream implements AutoCloseable {
  private static final int MAX_IDLE = 32;

  private final UpstreamAddress address;
  private final @Nullable SSLSocketFactory tls;
  private final Limits limits;
  private final Watchdog watchdog;
  private final ConcurrentLinkedDeque<UpstreamConnection> idle = new ConcurrentLinkedDeque<>();

  /** {@code tls} is there for an https address and for no other. */
  Upstream(
      UpstreamAddress address, @Nullable SSLSocketFactory tls, Limits limits, Watchdog watchdog) {
    if (address.tls() != (tls != null)) {
      throw new IllegalArgumentException("an https upstream needs TLS sockets, another has none");
    }
    this.address = address;
    this.tls = tls;
    this.limits = limits;
    this.watchdog = watchdog;
  }

  UpstreamAddress address() {
    return address;
  }

  /** A connection that was alive a moment ago; cutting the call closes it. */
  UpstreamConnection take(Call call) throws IOException {
    UpstreamConnection resting = idle.pollFirst();
    while (resting != null) {
      if (resting.wake()) {
        call.attach(resting.wire());
        return resting;
      }
      resting.close();
      resting = idle.pollFirst();
    }
    return open(call);
  }

  /** Takes back a connection whose last answer was read to its end. */
  void give(UpstreamConnection connection) {
    if (idle.size() >= MAX_IDLE) {
      connection.close();
      return;
    }
    connection.rest();
    idle.addFirst(connection);
  }

  /** Opens one connection ahead of the first call: loading TLS takes longer than a call may. */
  void warm() {
    try {
      give(open(new Call()));
    } catch (IOException e) {
      // The first call meets the same error and reports it.
    }
  }

  private UpstreamConnection open(Call call) throws IOException {
    IOException last = new IOException("the upstream's name has no address");
    for (InetAddress one : InetAddress.getAllByName(address.host())) {
      if (call.cutReason() != null) {
        break;
      }
      try {
        return open(one, call);
      } catch (IOException e) {
        last = e;
      }
    }
    throw last;
  }

  private UpstreamConnection open(InetAddress one, Call call) throws IOException {
    if (!address.tls() && !one.isLoopbackAddress()) {
      throw new IOException("the upstream without TLS is not on this machine");
    }
    Socket raw = new Socket();
    try {
      raw.setTcpNoDelay(true);
      raw.connect(new InetSocketAddress(one, address.port()), (int) limits.upstream().connectMs());
      Wire wire = tls == null ? Wire.of(raw, raw, watchdog) : secure(raw, tls, call);
      call.attach(wire);
      return new UpstreamConnection(wire, limits, watchdog);
    } catch (IOException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }

  private Wire secure(Socket raw, SSLSocketFactory factory, Call call) throws IOException {
    SSLSocket socket = (SSLSocket) factory.createSocket(raw, address.host(), address.port(), true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
    socket.setSSLParameters(parameters);
    Wire wire = Wire.of(raw, socket, watchdog);
    call.attach(wire);
    wire.within(
        limits.upstream().connectMs(),
        () -> {
          socket.startHandshake();
          return 0;
        });
    return wire;
  }

  @Override
  public void close() {
    idle.forEach(UpstreamConnection::close);
    idle.clear();
  }
}
