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
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** One client of the proxy, from its request to the end of its tunnel. */
final class EgressConnection implements Ward {
  private static final int BUFFER_BYTES = 32 << 10;
  private static final int MAX_DIALS = 4;

  private final SlotGate gate;
  private final SocketChannel client;
  private final EgressLimits limits;
  private final AtomicLong bytesLeft;
  private volatile long dueNanos;
  private volatile @Nullable SocketChannel upstream;
  private volatile boolean closed;

  EgressConnection(SlotGate gate, SocketChannel client, EgressLimits limits) {
    this.gate = gate;
    this.client = client;
    this.limits = limits;
    this.bytesLeft = new AtomicLong(limits.bytes());
    within(limits.head());
  }

  void serve() {
    ByteBuffer early = ByteBuffer.allocate(ProxyRequest.MAX_HEAD_BYTES);
    ProxyRequest request = null;
    Pass pass = null;
    try {
      request = ProxyRequest.parse(readHead(early));
      pass = gate.admit(request);
      if (!pass.grant().tie(this)) {
        throw new EgressDenied("the tool call has ended");
      }
      tunnel(request, pass, early);
    } catch (EgressDenied e) {
      gate.denied(
          pass == null ? null : pass.grant().callId(),
          request == null ? "" : request.rawHost(),
          request == null ? 0 : request.port(),
          e.reason());
      answer(e);
    } catch (IOException e) {
      // Either end went away, or the time was up; nothing more can be said to the client.
    } finally {
      if (pass != null) {
        pass.grant().untie(this);
      }
      close();
    }
  }

  private void tunnel(ProxyRequest request, Pass pass, ByteBuffer early)
      throws IOException, EgressDenied {
    byte[] first;
    if (pass.checkName()) {
      // The answer comes before the dial: only then does the client say which server it wants.
      established();
      first = checkedHello(pass, early);
    } else {
      first = new byte[early.remaining()];
      early.get(first);
    }
    record(pass);
    SocketChannel target = dial(pass, !pass.checkName());
    switch (request) {
      case ProxyRequest.Connect _ -> {
        if (!pass.checkName()) {
          established();
        }
      }
      case ProxyRequest.Plain plain -> write(target, ByteBuffer.wrap(plain.head()));
    }
    write(target, ByteBuffer.wrap(first));
    within(limits.idle());
    relay(target);
  }

  /** What is not recorded does not happen. */
  private void record(Pass pass) throws EgressDenied {
    try {
      gate.allowed(pass);
    } catch (RuntimeException e) {
      throw new EgressDenied(503, "the connection could not be recorded");
    }
  }

  private byte[] checkedHello(Pass pass, ByteBuffer early) throws IOException, EgressDenied {
    within(limits.head());
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
      more = ByteBuffer.allocate(4096);
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

  private SocketChannel dial(Pass pass, boolean canTell) throws IOException, EgressDenied {
    within(limits.dial());
    for (InetAddress address :
        pass.addresses().subList(0, Math.min(MAX_DIALS, pass.addresses().size()))) {
      SocketChannel channel = SocketChannel.open();
      upstream = channel;
      if (closed) {
        channel.close();
      }
      try {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        if (channel.connect(new InetSocketAddress(address, pass.dialPort()))) {
          return channel;
        }
      } catch (IOException e) {
        channel.close();
      }
    }
    if (canTell) {
      answer(new EgressDenied(502, pass.host() + " did not accept a connection"));
    }
    throw new IOException("no address accepts");
  }

  private void relay(SocketChannel target) throws IOException {
    Thread down = Thread.ofVirtual().name("egress-down").start(() -> pump(target, client));
    pump(client, target);
    try {
      down.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Copies one direction to its end; an end is passed on, an error ends both. */
  private void pump(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try {
      while (from.read(buffer) >= 0) {
        if (bytesLeft.addAndGet(-buffer.position()) < 0) {
          close();
          return;
        }
        write(to, buffer.flip());
        buffer.clear();
        within(limits.idle());
      }
      to.shutdownOutput();
    } catch (IOException e) {
      close();
    }
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

  private void established() throws IOException {
    write(
        client,
        ByteBuffer.wrap(
            "HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
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

  private static void write(SocketChannel to, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  private void within(Duration limit) {
    dueNanos = System.nanoTime() + limit.toNanos();
  }

  void closeIfDue() {
    if (System.nanoTime() - dueNanos > 0) {
      close();
    }
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
