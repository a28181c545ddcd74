package dev.helm.activities.egress;

import dev.helm.activities.egress.EgressGrants.Ward;
import dev.helm.activities.egress.SlotGate.Pass;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One client of the proxy, from its request to the end of its tunnel. */
final class EgressConnection implements Ward {
  private static final int MAX_DIALS = 4;
  private static final byte[] ESTABLISHED =
      "HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final SlotGate gate;
  private final SocketChannel client;
  private final EgressLimits limits;
  private final World world;
  private final long endNanos;
  private volatile long dueNanos;
  private volatile @Nullable SocketChannel upstream;
  private volatile @Nullable String late;
  private volatile @Nullable String cut;
  private volatile boolean closed;

  EgressConnection(SlotGate gate, SocketChannel client, EgressLimits limits, World world) {
    this.gate = gate;
    this.client = client;
    this.limits = limits;
    this.world = world;
    this.endNanos = System.nanoTime() + limits.times().life().toNanos();
    within(limits.times().head(), "no whole request came in time");
  }

  void serve() {
    ByteBuffer early = ByteBuffer.allocate(ProxyRequest.MAX_HEAD_BYTES);
    String asSent = "";
    ProxyRequest request = null;
    Pass pass = null;
    try {
      byte[] head = readHead(early);
      asSent = ProxyRequest.target(head);
      request = ProxyRequest.parse(head);
      asSent = request.rawHost();
      pass = gate.admit(request);
      if (!pass.grant().tie(this)) {
        throw new EgressDenied("the tool call has ended");
      }
      tunnel(request, pass, early);
    } catch (EgressDenied e) {
      gate.denied(callOf(pass), asSent, request == null ? 0 : request.port(), e.reason());
      answer(e);
    } catch (IOException e) {
      // Either end went away, or the time was up; nothing more can be said to the client.
    } finally {
      if (pass != null) {
        pass.grant().untie(this);
      }
      close();
    }
    String why = cut;
    if (why != null) {
      gate.denied(callOf(pass), asSent, request == null ? 0 : request.port(), why);
    }
  }

  private static @Nullable String callOf(@Nullable Pass pass) {
    return pass == null ? null : pass.grant().callId();
  }

  private void tunnel(ProxyRequest request, Pass pass, ByteBuffer early)
      throws IOException, EgressDenied {
    byte[] first;
    if (pass.checkName()) {
      // The answer comes before the dial: only then does the client say which server it wants.
      write(client, ByteBuffer.wrap(ESTABLISHED));
      first = checkedHello(pass, early);
    } else {
      first = new byte[early.remaining()];
      early.get(first);
    }
    long mayFollow = Long.MAX_VALUE;
    if (request instanceof ProxyRequest.Plain plain) {
      // Attack: a second request behind the first one's body, to another host that the same server
      // knows. Safeguard: exactly one request goes through a connection.
      mayFollow = plain.bodyBytes() - first.length;
      if (mayFollow < 0) {
        throw new EgressDenied(400, "bytes follow the request; one request a connection");
      }
    }
    record(pass);
    SocketChannel target = dial(pass, !pass.checkName());
    switch (request) {
      case ProxyRequest.Connect _ -> {
        if (!pass.checkName()) {
          write(client, ByteBuffer.wrap(ESTABLISHED));
        }
      }
      case ProxyRequest.Plain plain -> write(target, ByteBuffer.wrap(plain.head()));
    }
    write(target, ByteBuffer.wrap(first));
    within(limits.times().idle(), null);
    new Relay(this, client, target, limits, pass.grant()).run(mayFollow, first.length);
  }

  // Attack: the log is full or broken, and what leaves is seen by nobody. Safeguard: what is not
  // recorded does not happen.
  private void record(Pass pass) throws EgressDenied {
    try {
      gate.allowed(pass);
    } catch (RuntimeException e) {
      throw new EgressDenied(503, "the connection could not be recorded");
    }
  }

  // Attack: CONNECT names a granted host, and the TLS inside asks the shared server for another.
  // Safeguard: the hello is read before anything is dialled, and names exactly this host.
  private byte[] checkedHello(Pass pass, ByteBuffer early) throws IOException, EgressDenied {
    within(limits.times().head(), "no whole TLS hello came in time");
    ClientHello hello = new ClientHello();
    ByteBuffer more = early;
    while (true) {
      String name = hello.take(more);
      if (name != null) {
        if (!isSame(name, pass.host())) {
          throw new EgressDenied(
              "the TLS hello names another server than " + pass.host() + ", which was asked for");
        }
        return hello.bytes();
      }
      more.clear();
      if (client.read(more) < 0) {
        throw new EOFException();
      }
      more.flip();
    }
  }

  private static boolean isSame(String name, HostName host) {
    try {
      return HostName.parse(name).equals(host);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  // Attack: the name answers with a public address to the check and with an inner one to the dial.
  // Safeguard: there is no second look-up; these are the very addresses that were checked.
  private SocketChannel dial(Pass pass, boolean canTell) throws IOException, EgressDenied {
    within(limits.times().dial(), null);
    for (InetAddress address :
        pass.addresses().subList(0, Math.min(MAX_DIALS, pass.addresses().size()))) {
      SocketChannel channel = SocketChannel.open();
      upstream = channel;
      if (closed) {
        channel.close();
      }
      try {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        world.connect(channel, new InetSocketAddress(address, pass.dialPort()));
        return channel;
      } catch (IOException e) {
        channel.close();
      }
    }
    if (canTell) {
      answer(new EgressDenied(502, pass.host() + " did not accept a connection"));
    }
    throw new IOException("no address accepts");
  }

  /** Reads to the empty line; what came after it stays in the buffer, ready to be read. */
  private byte[] readHead(ByteBuffer buffer) throws IOException, EgressDenied {
    while (true) {
      if (!buffer.hasRemaining()) {
        throw new EgressDenied(400, "the request to the proxy is too long");
      }
      int from = Math.max(0, buffer.position() - 3);
      if (client.read(buffer) < 0) {
        throw new EOFException();
      }
      if (buffer.get(0) < 'A' || buffer.get(0) > 'Z') {
        throw new EgressDenied(400, "this is an HTTP proxy, and that is no HTTP request");
      }
      int end = endOfHead(buffer.array(), from, buffer.position());
      if (end >= 0) {
        buffer.flip().position(end);
        return Arrays.copyOf(buffer.array(), end);
      }
    }
  }

  private static int endOfHead(byte[] bytes, int from, int to) {
    for (int i = from; i + 4 <= to; i++) {
      if (bytes[i] == '\r'
          && bytes[i + 1] == '\n'
          && bytes[i + 2] == '\r'
          && bytes[i + 3] == '\n') {
        return i + 4;
      }
    }
    return -1;
  }

  /** Harmless after a 200: the client then reads something that is not TLS, and gives up. */
  private void answer(EgressDenied denied) {
    byte[] body = ("Helm egress: " + denied.reason() + "\n").getBytes(StandardCharsets.UTF_8);
    String head =
        "HTTP/1.1 "
            + denied.status()
            + " Refused by Helm\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
            + body.length
            + "\r\nConnection: close\r\n\r\n";
    try {
      write(client, ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
      write(client, ByteBuffer.wrap(body));
    } catch (IOException e) {
      // It does not listen any more.
    }
  }

  static void write(SocketChannel to, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /** Bytes went through. */
  void alive() {
    within(limits.times().idle(), null);
  }

  /** The reason is told if the time runs out; null where that is nothing to speak of. */
  private void within(Duration limit, @Nullable String otherwise) {
    late = otherwise;
    dueNanos = System.nanoTime() + limit.toNanos();
  }

  // Attack: a byte now and then holds a connection for ever. Safeguard: besides the idle time,
  // head,
  // dial and whole life have an end.
  void closeIfDue() {
    long now = System.nanoTime();
    if (now - endNanos > 0) {
      cut("closed after " + limits.times().life().toSeconds() + " s");
    } else if (now - dueNanos > 0) {
      cut(late);
    }
  }

  /** Ends the connection for a reason that is told, if there is one. */
  void cut(@Nullable String why) {
    cut = why;
    close();
  }

  @Override
  public void close() {
    closed = true;
    SocketChannel target = upstream;
    try {
      client.close();
      if (target != null) {
        target.close();
      }
    } catch (IOException e) {
      // Closed as far as it can be.
    }
  }
}
