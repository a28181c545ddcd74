package dev.helm.service.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.activities.egress.EgressAttempt;
import dev.helm.activities.egress.EgressGrants;
import dev.helm.activities.egress.EgressLimits;
import dev.helm.activities.egress.EgressProxy;
import dev.helm.activities.egress.HostName;
import dev.helm.activities.egress.HostResolver;
import dev.helm.activities.egress.OperatorTarget;
import dev.helm.activities.practice.DemoSite;
import dev.helm.activities.sandbox.Workspaces;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.Fact;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.TrustManagerFactory;

/**
 * P7b: a new TLS connection to a server on loopback, direct and through the proxy's socket, taking
 * turns; the real log commits {@code egress.allowed} before each dial. Prints one JSON object;
 * milliseconds from the first connect to the end of the client's handshake. Arguments: connections
 * a round, rounds.
 */
public final class EgressBench {
  private static final byte[] CONNECT_END = "\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final SSLContext trust;
  private final DemoSite site;
  private final String host;

  private EgressBench(DemoSite site, Path authority) throws Exception {
    this.site = site;
    this.host = site.hosts().getFirst();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    try (InputStream in = Files.newInputStream(authority)) {
      keys.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
    managers.init(keys);
    trust = SSLContext.getInstance("TLS");
    trust.init(null, managers.getTrustManagers(), null);
  }

  /** Runs it and prints it. */
  public static void main(String[] args) throws Exception {
    int calls = args.length > 0 ? Integer.parseInt(args[0]) : 300;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
    Path home = Files.createTempDirectory("hb");
    Path folder = Files.createDirectories(home.resolve("site"));
    Files.createDirectories(folder.resolve("bench"));
    try (DemoSite site = DemoSite.start(0, folder, List.of(), home.resolve("ca.pem"));
        Store store = Store.open(Files.createDirectory(home.resolve("store")), Clock.systemUTC())) {
      EgressBench bench = new EgressBench(site, home.resolve("ca.pem"));
      System.out.println(
          new ObjectMapper()
              .writeValueAsString(Map.of("rounds", bench.rounds(store, home, calls, rounds))));
    } finally {
      try (var paths = Files.walk(home)) {
        for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  private List<Map<String, Object>> rounds(Store store, Path home, int calls, int rounds)
      throws Exception {
    String run = StoreFixture.run(store);
    EgressGrants grants = new EgressGrants();
    List<OperatorTarget> targets =
        List.of(
            new OperatorTarget(
                HostName.parse(host),
                443,
                OperatorTarget.Protocol.TLS,
                InetAddress.getLoopbackAddress(),
                site.port()));
    List<Map<String, Object>> all = new ArrayList<>();
    try (EgressProxy proxy =
            new EgressProxy(
                grants,
                HostResolver.system(),
                targets,
                attempt -> record(store, run, attempt),
                EgressLimits.DEFAULT);
        EgressProxy unrecorded =
            new EgressProxy(
                grants, HostResolver.system(), targets, attempt -> {}, EgressLimits.DEFAULT);
        AutoCloseable one = proxy.open("00000001", dir(home, "a"), Workspaces.defaultOwnerUid());
        AutoCloseable two =
            unrecorded.open("00000002", dir(home, "b"), Workspaces.defaultOwnerUid());
        AutoCloseable first = grants.grant("00000001", "call", List.of(host));
        AutoCloseable second = grants.grant("00000002", "call", List.of(host))) {
      Path recorded = home.resolve("a/egress.sock");
      Path plain = home.resolve("b/egress.sock");
      round(recorded, plain, calls);
      for (int i = 0; i < rounds; i++) {
        all.add(round(recorded, plain, calls));
      }
    }
    return all;
  }

  private Map<String, Object> round(Path recorded, Path plain, int calls) throws Exception {
    List<Double> direct = new ArrayList<>();
    List<Double> proxied = new ArrayList<>();
    List<Double> unrecorded = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      direct.add(connection(null));
      proxied.add(connection(recorded));
      unrecorded.add(connection(plain));
    }
    return Map.of(
        "direct", figures(direct), "proxy", figures(proxied), "unrecorded", figures(unrecorded));
  }

  private static Map<String, Double> figures(List<Double> values) {
    return Map.of("p50", Stats.median(values), "p99", Stats.percentile(values, 99));
  }

  private static Path dir(Path home, String name) throws IOException {
    return Files.createDirectory(home.resolve(name));
  }

  private static void record(Store store, String run, EgressAttempt attempt) {
    store
        .log()
        .append(
            run,
            List.of(
                new Fact(
                    "egress/" + UUID.randomUUID(),
                    "main",
                    new RunEvent.EgressAllowed(attempt.callId(), attempt.host(), attempt.port()))));
  }

  /** Milliseconds that a new connection took; the proxy's socket, or null for none. */
  private double connection(@org.jspecify.annotations.Nullable Path socket) throws Exception {
    SSLEngine engine = trust.createSSLEngine(host, site.port());
    engine.setUseClientMode(true);
    trust.getClientSessionContext().setSessionTimeout(1);
    engine.setEnabledProtocols(new String[] {"TLSv1.3"});
    long start = System.nanoTime();
    try (SocketChannel channel =
        SocketChannel.open(
            socket == null
                ? new InetSocketAddress(InetAddress.getLoopbackAddress(), site.port())
                : UnixDomainSocketAddress.of(socket))) {
      if (socket != null) {
        tunnel(channel);
      }
      handshake(engine, channel);
      double took = (System.nanoTime() - start) / 1e6;
      engine.getSession().invalidate();
      return took;
    }
  }

  private void tunnel(SocketChannel channel) throws IOException {
    String head = "CONNECT " + host + ":443 HTTP/1.1\r\nHost: " + host + ":443\r\n\r\n";
    channel.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
    ByteBuffer answer = ByteBuffer.allocate(512);
    while (answer.position() < 4 || !ends(answer)) {
      if (channel.read(answer) < 0) {
        throw new IOException("the proxy refused");
      }
    }
    if (answer.get(9) != '2') {
      throw new IOException(new String(answer.array(), StandardCharsets.US_ASCII));
    }
  }

  private static boolean ends(ByteBuffer answer) {
    for (int i = 0; i < CONNECT_END.length; i++) {
      if (answer.get(answer.position() - CONNECT_END.length + i) != CONNECT_END[i]) {
        return false;
      }
    }
    return true;
  }

  private static void handshake(SSLEngine engine, SocketChannel channel) throws IOException {
    ByteBuffer in = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    ByteBuffer plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
    engine.beginHandshake();
    HandshakeStatus status = engine.getHandshakeStatus();
    in.flip();
    while (status != HandshakeStatus.FINISHED && status != HandshakeStatus.NOT_HANDSHAKING) {
      switch (status) {
        case NEED_WRAP -> {
          out.clear();
          status = engine.wrap(ByteBuffer.allocate(0), out).getHandshakeStatus();
          out.flip();
          while (out.hasRemaining()) {
            channel.write(out);
          }
        }
        case NEED_TASK -> {
          engine.getDelegatedTask().run();
          status = engine.getHandshakeStatus();
        }
        default -> {
          var result = engine.unwrap(in, plain);
          status = result.getHandshakeStatus();
          if (result.getStatus() == javax.net.ssl.SSLEngineResult.Status.BUFFER_UNDERFLOW) {
            in.compact();
            if (channel.read(in) < 0) {
              throw new IOException("closed during the handshake");
            }
            in.flip();
          }
        }
      }
    }
  }
}
