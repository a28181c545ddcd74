package dev.helm.activities.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.EgressLimits.Times;
import dev.helm.activities.egress.EgressLimits.Volume;
import dev.helm.activities.sandbox.Workspaces;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Time, size and number, by clients that respect none of them. */
@Timeout(60)
final class EgressLimitsTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final Duration LONG = Duration.ofSeconds(50);
  private static final Times PATIENT = new Times(LONG, LONG, LONG, LONG);
  private static final Volume MUCH = new Volume(1 << 30, 1 << 30);

  @TempDir private Path directory;
  private final EgressGrants grants = new EgressGrants();
  private final List<EgressAttempt> attempts = new CopyOnWriteArrayList<>();
  private final List<InetSocketAddress> dialled = new CopyOnWriteArrayList<>();
  private final List<AutoCloseable> toClose = new ArrayList<>();
  private ServerSocket server;
  private int lookups;

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 200, LOOPBACK);
    toClose.add(server);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : toClose.reversed()) {
      each.close();
    }
  }

  /** A name that is public at the first look-up and inside at every later one. */
  @Test
  void aNameThatTurnsInsideIsDialledWhereItWasCheckedOrNotAtAll() throws Exception {
    Path socket = open("0123abcd", new EgressLimits(32, 99, PATIENT, MUCH, MUCH, 60));
    grants.grant("0123abcd", "call", List.of("flip.example"));
    byte[] hello = Hellos.named("flip.example");
    try (SocketChannel client = tunnel(socket, "CONNECT flip.example:443 HTTP/1.1\r\n\r\n")) {
      client.write(ByteBuffer.wrap(hello));
      try (Socket upstream = server.accept()) {
        assertThat(upstream.getInputStream().readNBytes(hello.length)).isEqualTo(hello);
      }
    }
    assertThat(lookups).isEqualTo(1);
    assertThat(dialled).containsExactly(new InetSocketAddress("1.1.1.1", 443));
    assertThat(ask(socket, "CONNECT flip.example:443 HTTP/1.1\r\n\r\n")).contains("loopback");
    assertThat(dialled).hasSize(1);
  }

  @Test
  void slowHeadsAndHellosEndInTime() throws Exception {
    Times hasty = new Times(Duration.ofMillis(400), LONG, LONG, LONG);
    Path socket = open("0123abcd", new EgressLimits(32, 99, hasty, MUCH, MUCH, 60));
    grants.grant("0123abcd", "call", List.of("stripe.com"));
    drip(socket, "CONNECT stripe.com:443 HTTP/1.1\r\nX: ", 'x');
    drip(socket, "CONNECT stripe.com:443 HTTP/1.1\r\n\r\n\u0016\u0003\u0001\u0002\0", '\1');
    untilTold("no whole request came in time");
    untilTold("no whole TLS hello came in time");
    assertThat(dialled).isEmpty();
  }

  @Test
  void aConnectionThatKeepsTalkingEndsWithItsLife() throws Exception {
    Times brief = new Times(LONG, LONG, LONG, Duration.ofMillis(600));
    Path socket = open("0123abcd", new EgressLimits(32, 99, brief, MUCH, MUCH, 60));
    grants.grant("0123abcd", "call", List.of("db"));
    try (SocketChannel client = tunnel(socket, "CONNECT db:5432 HTTP/1.1\r\n\r\n")) {
      try (Socket upstream = server.accept()) {
        assertThat(talk(client)).isInstanceOf(IOException.class);
        upstream.getInputStream().readAllBytes();
      }
    }
    untilTold("closed after 0 s");
  }

  @Test
  void aCallHasOneVolumeForAllItsConnections() throws Exception {
    Volume call = new Volume(10_000, 1 << 30);
    Path socket = open("0123abcd", new EgressLimits(32, 99, PATIENT, MUCH, call, 60));
    AutoCloseable grant = grants.grant("0123abcd", "call", List.of("db"));
    long arrived = 0;
    for (int i = 0; i < 3; i++) {
      try (SocketChannel client = tunnel(socket, "CONNECT db:5432 HTTP/1.1\r\n\r\n");
          Socket upstream = server.accept()) {
        client.write(ByteBuffer.allocate(4_000));
        if (i < 2) {
          client.shutdownOutput();
        }
        arrived += upstream.getInputStream().readAllBytes().length;
      }
    }
    assertThat(arrived).isEqualTo(8_000);
    untilTold("closed: more than 10000 bytes sent by one tool call");
    grant.close();
    grants.grant("0123abcd", "next", List.of("db"));
    try (SocketChannel client = tunnel(socket, "CONNECT db:5432 HTTP/1.1\r\n\r\n");
        Socket upstream = server.accept()) {
      client.write(ByteBuffer.allocate(4_000));
      client.shutdownOutput();
      assertThat(upstream.getInputStream().readAllBytes()).hasSize(4_000);
    }
  }

  @Test
  void aDownloadHasItsBoundToo() throws Exception {
    Volume each = new Volume(1 << 30, 5_000);
    Path socket = open("0123abcd", new EgressLimits(32, 99, PATIENT, each, MUCH, 60));
    grants.grant("0123abcd", "call", List.of("db"));
    try (SocketChannel client = tunnel(socket, "CONNECT db:5432 HTTP/1.1\r\n\r\n");
        Socket upstream = server.accept()) {
      upstream.getOutputStream().write(new byte[50_000]);
      assertThat(Channels.newInputStream(client).readAllBytes().length).isLessThanOrEqualTo(5_000);
    } catch (IOException e) {
      // Reset, since bytes were left.
    }
    untilTold("closed: more than 5000 bytes received");
  }

  @Test
  void whatFollowsAPlainRequestDoesNotArrive() throws Exception {
    Path socket = open("0123abcd", new EgressLimits(32, 99, PATIENT, MUCH, MUCH, 60));
    grants.grant("0123abcd", "call", List.of("intranet"));
    String second = "GET / HTTP/1.1\r\nHost: other\r\n\r\n";
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      send(client, "POST http://intranet/ HTTP/1.1\r\nContent-Length: 2\r\n\r\nh");
      try (Socket upstream = server.accept()) {
        String expected =
            "POST / HTTP/1.1\r\nHost: intranet\r\nConnection: close\r\nContent-Length: 2\r\n\r\nh";
        assertThat(text(upstream.getInputStream().readNBytes(expected.length())))
            .isEqualTo(expected);
        send(client, "i");
        assertThat(upstream.getInputStream().read()).isEqualTo('i');
        send(client, second);
        assertThat(upstream.getInputStream().readAllBytes()).isEmpty();
      }
    }
    untilTold("closed: more bytes than the request said");
  }

  @Test
  void oneSlotLeavesRoomForOthersAndAllTogetherAreBounded() throws Exception {
    EgressLimits limits = new EgressLimits(3, 5, PATIENT, MUCH, MUCH, 60);
    EgressProxy proxy = proxy(limits);
    Path first = open(proxy, "0123abcd");
    Path second = open(proxy, "4567cdef");
    List<SocketChannel> held = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      held.add(hold(first));
    }
    NetWait.until(() -> attempts.size() == 1);
    assertThat(proxy.connections()).isEqualTo(3);
    for (int i = 0; i < 3; i++) {
      held.add(hold(second));
    }
    NetWait.until(() -> attempts.size() == 2);
    assertThat(proxy.connections()).isEqualTo(5);
    assertThat(attempts).allMatch(each -> each.reason().equals("too many connections at once"));
    for (SocketChannel each : held) {
      each.close();
    }
    NetWait.until(() -> proxy.connections() == 0);
  }

  @Test
  void aHostOfAnEventIsAsItWasSentAndPrintable() throws Exception {
    Path socket = open("0123abcd", new EgressLimits(32, 99, PATIENT, MUCH, MUCH, 60));
    ask(socket, "CONNECT evil.net\0\u001b[31m.stripe.com:443 HTTP/1.1\r\n\r\n");
    assertThat(attempts.getLast().host()).isEqualTo("evil.net\\x00\\x1b[31m.stripe.com:443");
    ask(socket, "CONNECT " + "x".repeat(3_000) + ":443 HTTP/1.1\r\n\r\n");
    assertThat(attempts.getLast().host()).hasSize(255);
  }

  @Test
  void theMachineKnowsItsOwnAddresses() throws Exception {
    assertThat(World.machine().owns(LOOPBACK)).isTrue();
    assertThat(World.machine().owns(InetAddress.getByName("1.1.1.1"))).isFalse();
  }

  /** A file of hosts names it, but the proxy's look-up ends with a dot and passes that by. */
  @Test
  void namesOfTheMachineItselfDoNotResolve() throws Exception {
    HostResolver resolver = HostResolver.system().forSlot();
    for (String name :
        List.of(
            InetAddress.getLocalHost().getHostName() + ".localdomain",
            "ip6-localhost.localdomain")) {
      assertThat(addresses(resolver, name))
          .noneMatch(address -> AddressRules.refusal(address) == null);
    }
  }

  private static List<InetAddress> addresses(HostResolver resolver, String name) {
    try {
      return resolver.resolve(HostName.parse(name));
    } catch (IOException e) {
      return List.of();
    }
  }

  private EgressProxy proxy(EgressLimits limits) {
    EgressProxy proxy =
        new EgressProxy(
            grants,
            host ->
                List.of(
                    host.toString().equals("flip.example") && lookups++ > 0
                        ? LOOPBACK
                        : AnswerTricks.address("1.1.1.1")),
            List.of(
                target("db", 5432, OperatorTarget.Protocol.TCP),
                target("intranet", 80, OperatorTarget.Protocol.HTTP)),
            attempts::add,
            limits,
            new World() {
              @Override
              public void connect(SocketChannel channel, InetSocketAddress to) throws IOException {
                dialled.add(to);
                channel.connect(server.getLocalSocketAddress());
              }

              @Override
              public boolean owns(InetAddress address) {
                return false;
              }
            });
    toClose.add(proxy);
    return proxy;
  }

  private static OperatorTarget target(String host, int port, OperatorTarget.Protocol protocol) {
    return new OperatorTarget(HostName.parse(host), port, protocol, LOOPBACK);
  }

  private Path open(String slot, EgressLimits limits) throws Exception {
    return open(proxy(limits), slot);
  }

  private Path open(EgressProxy proxy, String slot) throws Exception {
    Path sockets = Files.createTempDirectory(directory, "s");
    toClose.add(proxy.open(slot, sockets, Workspaces.defaultOwnerUid()));
    return sockets.resolve("egress.sock");
  }

  private static SocketChannel hold(Path socket) throws IOException {
    SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    try {
      send(client, "CONNECT ");
    } catch (IOException e) {
      // Closed already: one too many.
    }
    return client;
  }

  /** A head and the proxy's 200. */
  private static SocketChannel tunnel(Path socket, String head) throws IOException {
    SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    send(client, head);
    assertThat(text(Channels.newInputStream(client).readNBytes(39))).startsWith("HTTP/1.1 200 ");
    return client;
  }

  /** Says something now and then until it is cut. */
  private static void drip(Path socket, String start, char more) throws Exception {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      send(client, start);
      assertThat(talk(client, more)).isInstanceOf(IOException.class);
    }
  }

  private static IOException talk(SocketChannel client) throws InterruptedException {
    return talk(client, 'x');
  }

  private static IOException talk(SocketChannel client, char word) throws InterruptedException {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < due) {
      try {
        send(client, String.valueOf(word));
      } catch (IOException e) {
        return e;
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    throw new AssertionError("nobody ended it");
  }

  private static String ask(Path socket, String request) throws IOException {
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      send(client, request);
      return text(Channels.newInputStream(client).readAllBytes());
    }
  }

  private void untilTold(String reason) {
    NetWait.until(() -> attempts.stream().anyMatch(each -> each.reason().equals(reason)));
    assertThat(attempts)
        .filteredOn(each -> each.reason().equals(reason))
        .allMatch(each -> !each.allowed());
  }

  private static void send(SocketChannel client, String text) throws IOException {
    client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
