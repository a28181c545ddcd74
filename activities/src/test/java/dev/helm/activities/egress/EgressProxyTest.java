package dev.helm.activities.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.EgressLimits.Times;
import dev.helm.activities.egress.EgressLimits.Volume;
import dev.helm.activities.sandbox.Workspaces;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real sockets on both sides. */
@Timeout(60)
final class EgressProxyTest {
  private static final String SLOT = "0123abcd";
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  @TempDir private Path directory;
  private final EgressGrants grants = new EgressGrants();
  private final List<EgressAttempt> attempts = new CopyOnWriteArrayList<>();
  private final List<String> lookups = new CopyOnWriteArrayList<>();
  private final List<AutoCloseable> toClose = new ArrayList<>();
  private ServerSocket canary;
  private Path socket;

  @BeforeEach
  void open() throws Exception {
    canary = new ServerSocket(0, 50, LOOPBACK);
    toClose.add(canary);
    socket = start(EgressLimits.DEFAULT);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : toClose) {
      each.close();
    }
  }

  private Path start(EgressLimits limits) throws Exception {
    return start(limits, attempts::add);
  }

  private Path start(EgressLimits limits, EgressListener listener) throws Exception {
    int port = canary.getLocalPort();
    EgressProxy proxy =
        new EgressProxy(
            grants,
            this::resolve,
            List.of(
                new OperatorTarget(
                    HostName.parse("tls.demo.test"), port, OperatorTarget.Protocol.TLS, LOOPBACK),
                new OperatorTarget(
                    HostName.parse("db"), port, OperatorTarget.Protocol.TCP, LOOPBACK),
                new OperatorTarget(
                    HostName.parse("plain.demo.test"),
                    port,
                    OperatorTarget.Protocol.HTTP,
                    LOOPBACK)),
            listener,
            limits);
    toClose.add(proxy);
    Path sockets = Files.createTempDirectory(directory, "eg");
    toClose.add(proxy.open(SLOT, sockets, Workspaces.defaultOwnerUid()));
    return sockets.resolve("egress.sock");
  }

  private List<InetAddress> resolve(HostName host) throws IOException {
    lookups.add(host.toString());
    return switch (host.toString()) {
      case "mixed.example.com" ->
          List.of(InetAddress.getByName("1.1.1.1"), InetAddress.getByName("10.0.0.1"));
      case "mapped.example.com" -> List.of(InetAddress.getByName("::ffff:127.0.0.1"));
      case "meta.example.com" -> List.of(InetAddress.getByName("169.254.169.254"));
      case "gone.example.com" -> throw new IOException("no such host");
      default -> List.of(LOOPBACK);
    };
  }

  @Test
  void nothingIsGrantedByDefault() throws Exception {
    assertThat(ask("CONNECT stripe.com:443 HTTP/1.1\r\n\r\n"))
        .startsWith("HTTP/1.1 403 ")
        .contains("no running tool call is granted web access");
    assertThat(attempts)
        .containsExactly(
            new EgressAttempt(
                SLOT,
                null,
                "stripe.com",
                443,
                false,
                "no running tool call is granted web access",
                0));
    assertThat(lookups).isEmpty();
  }

  @Test
  void aGrantIsForItsHostsAndItsTime() throws Exception {
    AutoCloseable grant = grants.grant(SLOT, "call", List.of("*.example.com"));
    assertThat(ask("CONNECT evil.net:443 HTTP/1.1\r\n\r\n")).contains("not among the hosts");
    assertThat(ask("CONNECT a.example.com.evil.net:443 HTTP/1.1\r\n\r\n")).contains("not among");
    assertThat(lookups).isEmpty();
    grant.close();
    assertThat(ask("CONNECT a.example.com:443 HTTP/1.1\r\n\r\n")).contains("no running tool call");
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "mixed", "mapped", "meta"})
  void addressesThatAreNotPublicAreNotDialled(String name) throws Exception {
    grants.grant(SLOT, "call", List.of("*.example.com"));
    assertThat(ask("CONNECT " + name + ".example.com:443 HTTP/1.1\r\n\r\n"))
        .startsWith("HTTP/1.1 403 ")
        .contains("resolves to an address that is");
    assertThat(lookups).containsExactly(name + ".example.com");
  }

  @Test
  void otherPortsAndPlainHttpAreRefused() throws Exception {
    grants.grant(SLOT, "call", List.of("*.example.com", "tls.demo.test"));
    assertThat(ask("CONNECT a.example.com:22 HTTP/1.1\r\n\r\n")).contains("port 22");
    assertThat(ask("GET http://a.example.com/ HTTP/1.1\r\nHost: x\r\n\r\n"))
        .startsWith("HTTP/1.1 403 ")
        .contains("use https");
    assertThat(ask("GET http://tls.demo.test:" + canary.getLocalPort() + "/ HTTP/1.1\r\n\r\n"))
        .contains("use https");
    assertThat(ask("CONNECT gone.example.com:443 HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 502 ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CONNECT stripe.com HTTP/1.1\r\n\r\n",
        "CONNECT stripe.com:443\r\n\r\n",
        "CONNECT stripe.com:0 HTTP/1.1\r\n\r\n",
        "CONNECT stripe.com:65536 HTTP/1.1\r\n\r\n",
        "CONNECT stripe.com:443 HTTP/2.0\r\n\r\n",
        "CONNECT  stripe.com:443 HTTP/1.1\r\n\r\n",
        "connect stripe.com:443 HTTP/1.1\r\n\r\n",
        "CONNECT stripe.com:443 HTTP/1.1\r\n folded\r\n\r\n",
        "CONNECT stripe.com:443 HTTP/1.1\r\nX: a\0b\r\n\r\n",
        "CONNECT stripe.com:443 HTTP/1.1\nX: a\r\n\r\n",
        "CONNECT evil.net\0.stripe.com:443 HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: stripe.com\r\n\r\n",
        "GET https://stripe.com/ HTTP/1.1\r\n\r\n",
        "GET http://user@stripe.com/ HTTP/1.1\r\n\r\n",
        "\u0005\u0001\u0000\r\n\r\n"
      })
  void malformedRequestsAreRefused(String request) throws Exception {
    grants.grant(SLOT, "call", List.of("stripe.com", "*.stripe.com"));
    assertThat(ask(request)).startsWith("HTTP/1.1 400 ");
    assertThat(lookups).isEmpty();
  }

  @Test
  void anEndlessRequestIsRefused() throws Exception {
    assertThat(ask("CONNECT stripe.com:443 HTTP/1.1\r\nX: " + "x".repeat(9000)))
        .contains("too long");
  }

  @Test
  void nothingIsDialledBeforeTheHelloNamesTheHost() throws Exception {
    grants.grant(SLOT, "call", List.of("tls.demo.test"));
    canary.setSoTimeout(300);
    for (byte[] first :
        List.of(
            ClientHelloTest.jdkHello("evil.demo.test"),
            "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII))) {
      try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
        send(client, connect("tls.demo.test"));
        assertThat(read(client, 39)).startsWith("HTTP/1.1 200 ");
        client.write(ByteBuffer.wrap(first));
        assertThat(readAll(client)).contains("Refused by Helm");
      }
    }
    assertThat(attempts).hasSize(2).noneMatch(EgressAttempt::allowed);
    assertThat(attempts).allMatch(attempt -> "call".equals(attempt.callId()));
    org.assertj.core.api.Assertions.assertThatThrownBy(canary::accept)
        .isInstanceOf(java.net.SocketTimeoutException.class);
  }

  @Test
  void aTunnelCarriesTheHelloUntouchedAndEndsWithItsGrant() throws Exception {
    AutoCloseable grant = grants.grant(SLOT, "call", List.of("tls.demo.test"));
    byte[] hello = ClientHelloTest.jdkHello("tls.demo.test");
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      send(client, connect("TLS.demo.test"));
      read(client, 39);
      client.write(ByteBuffer.wrap(hello, 0, 10));
      client.write(ByteBuffer.wrap(hello, 10, hello.length - 10));
      try (Socket upstream = canary.accept()) {
        assertThat(upstream.getInputStream().readNBytes(hello.length)).isEqualTo(hello);
        upstream.getOutputStream().write("back".getBytes(StandardCharsets.US_ASCII));
        assertThat(read(client, 4)).isEqualTo("back");
        grant.close();
        assertThat(readAll(client)).isEmpty();
        assertThat(upstream.getInputStream().read()).isEqualTo(-1);
      }
    }
    assertThat(attempts)
        .containsExactly(
            new EgressAttempt(
                SLOT, "call", "tls.demo.test", canary.getLocalPort(), true, "granted", 0));
  }

  @Test
  void operatorTargetsMayBePlain() throws Exception {
    grants.grant(SLOT, "call", List.of("db", "plain.demo.test"));
    int port = canary.getLocalPort();
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      send(client, connect("db"));
      try (Socket upstream = canary.accept()) {
        assertThat(read(client, 39)).startsWith("HTTP/1.1 200 ");
        send(client, "any bytes");
        assertThat(upstream.getInputStream().readNBytes(9))
            .isEqualTo("any bytes".getBytes(StandardCharsets.US_ASCII));
      }
    }
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      send(
          client,
          "POST http://plain.demo.test:"
              + port
              + "/a?b HTTP/1.1\r\nHost: evil.net\r\n"
              + "Proxy-Authorization: x\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\nhi");
      try (Socket upstream = canary.accept()) {
        String expected =
            "POST /a?b HTTP/1.1\r\nHost: plain.demo.test:"
                + port
                + "\r\nConnection: close\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\nhi";
        assertThat(
                new String(
                    upstream.getInputStream().readNBytes(expected.length()),
                    StandardCharsets.US_ASCII))
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void whatCannotBeRecordedDoesNotHappen() throws Exception {
    socket =
        start(
            EgressLimits.DEFAULT,
            attempt -> {
              if (attempt.allowed()) {
                throw new IllegalStateException("disk full");
              }
            });
    grants.grant(SLOT, "call", List.of("db"));
    assertThat(ask(connect("db"))).startsWith("HTTP/1.1 503 ").contains("could not be recorded");
  }

  @Test
  void aRefusalIsAnsweredEvenIfItCannotBeRecorded() throws Exception {
    AtomicBoolean full = new AtomicBoolean(true);
    socket =
        start(
            EgressLimits.DEFAULT,
            attempt -> {
              if (full.get()) {
                throw new IllegalStateException("disk full");
              }
              attempts.add(attempt);
            });
    assertThat(ask("CONNECT evil.net:443 HTTP/1.1\r\n\r\n"))
        .startsWith("HTTP/1.1 403 ")
        .contains("no running tool call is granted web access");
    grants.grant(SLOT, "call", List.of("db"));
    assertThat(ask(connect("db"))).startsWith("HTTP/1.1 503 ").contains("could not be recorded");
    full.set(false);
    ask("CONNECT evil.net:443 HTTP/1.1\r\n\r\n");
    assertThat(attempts)
        .singleElement()
        .satisfies(attempt -> assertThat(attempt.suppressed()).isEqualTo(2));
  }

  @Test
  void connectionsTimeAndEventsAreBounded() throws Exception {
    socket =
        start(
            new EgressLimits(
                2,
                1024,
                new Times(
                    Duration.ofMillis(300),
                    Duration.ofSeconds(1),
                    Duration.ofMillis(300),
                    Duration.ofHours(1)),
                new Volume(1000, 1000),
                new Volume(1 << 20, 1 << 20),
                3));
    try (SocketChannel first = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        SocketChannel second = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      SocketChannel third = SocketChannel.open(UnixDomainSocketAddress.of(socket));
      assertThat(readAll(third)).isEmpty();
      assertThat(readAll(first)).isEmpty();
      assertThat(readAll(second)).isEmpty();
    }
    waitUntil(() -> attempts.size() == 3);
    for (int i = 0; i < 20; i++) {
      ask("CONNECT evil.net:443 HTTP/1.1\r\n\r\n");
    }
    assertThat(attempts).hasSize(3);

    grants.grant(SLOT, "call", List.of("db"));
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      send(client, connect("db"));
      try (Socket upstream = canary.accept()) {
        read(client, 39);
        send(client, "x".repeat(5000));
        assertThat(upstream.getInputStream().readAllBytes().length).isLessThanOrEqualTo(1000);
      }
    }
    assertThat(attempts.getLast().suppressed()).isPositive();
  }

  private String connect(String host) {
    return "CONNECT " + host + ":" + canary.getLocalPort() + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }

  private String ask(String request) throws IOException {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      send(client, request);
      return readAll(client);
    }
  }

  private static void send(SocketChannel client, String text) throws IOException {
    client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
  }

  private static String read(SocketChannel client, int bytes) throws IOException {
    return new String(Channels.newInputStream(client).readNBytes(bytes), StandardCharsets.US_ASCII);
  }

  private static String readAll(SocketChannel client) throws IOException {
    StringBuilder text = new StringBuilder();
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    try {
      while (client.read(buffer) >= 0) {
        text.append(StandardCharsets.US_ASCII.decode(buffer.flip()));
        buffer.clear();
      }
    } catch (IOException e) {
      // Closed with bytes of ours unread: the kernel says reset.
    }
    return text.toString();
  }

  private static void waitUntil(BooleanSupplier condition) {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(due);
      Thread.onSpinWait();
    }
  }
}
