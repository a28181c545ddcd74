package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS to the upstream: the certificate must be trusted and name the host. */
class TlsTest {
  @TempDir private Path folder;

  /** A context with a fresh certificate for localhost, which it also trusts. */
  static SSLContext context(Path folder) throws Exception {
    Path store = folder.resolve("tls.p12");
    if (!Files.exists(store)) {
      String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
      String options =
          "-genkeypair -alias a -keyalg EC -dname CN=localhost -ext san=dns:localhost"
              + " -storetype PKCS12 -storepass changeit -keystore ";
      ProcessBuilder builder = new ProcessBuilder(keytool);
      builder.command().addAll(java.util.List.of((options + store).split(" ")));
      Process process = builder.redirectErrorStream(true).start();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
    KeyStore keys = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, "changeit".toCharArray());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(keys);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  static FakeUpstream upstream(SSLContext context, FakeUpstream.Answer answer) throws Exception {
    return new FakeUpstream(
        context
            .getServerSocketFactory()
            .createServerSocket(0, 200, InetAddress.getLoopbackAddress()),
        answer);
  }

  @Test
  void aTrustedUpstreamIsUsedAndKept() throws Exception {
    SSLContext context = context(folder);
    try (Rig rig =
            new Rig(
                upstream(context, (request, socket, out) -> Sse.send(out)),
                "https://localhost:",
                context.getSocketFactory(),
                Limits.standard());
        RawClient client = rig.client()) {
      String big = RawClient.BODY.replace("hello", "x".repeat(200_000));
      for (int i = 0; i < 5; i++) {
        assertThat(client.send(RawClient.post(big)).read().text()).isEqualTo(Sse.whole(3));
      }
      assertThat(rig.upstream.requests.getLast().body()).isEqualTo(Sse.bytes(big));
      assertThat(rig.upstream.connections).hasValue(1);
    }
  }

  @Test
  void aClientThatLeavesClosesTlsAtOnce() throws Exception {
    SSLContext context = context(folder);
    try (Rig rig =
        new Rig(
            upstream(context, (request, socket, out) -> FakeUpstream.awaitClose(socket)),
            "https://localhost:",
            context.getSocketFactory(),
            Limits.standard())) {
      try (RawClient client = rig.client()) {
        client.send(RawClient.post(RawClient.BODY));
        Rig.until(() -> rig.upstream.requests.size() == 1);
      }
      Rig.until(() -> rig.upstream.closedByPeer.get() == 1);
      Rig.until(() -> rig.ledger.ends.containsValue("charge"));
    }
  }

  @Test
  void aStrangeCertificateCostsNothing() throws Exception {
    SSLContext trusted = context(folder);
    SSLContext unknown = SSLContext.getDefault();
    try (Rig byName =
            new Rig(
                upstream(trusted, (request, socket, out) -> Sse.send(out)),
                "https://127.0.0.1:",
                trusted.getSocketFactory(),
                Limits.standard());
        Rig byTrust =
            new Rig(
                upstream(trusted, (request, socket, out) -> Sse.send(out)),
                "https://localhost:",
                unknown.getSocketFactory(),
                Limits.standard())) {
      for (Rig rig : new Rig[] {byName, byTrust}) {
        assertThat(rig.exchange(RawClient.post(RawClient.BODY)).status()).isEqualTo(502);
        Rig.until(() -> rig.ledger.ends.containsValue("void"));
        assertThat(rig.upstream.requests).isEmpty();
      }
    }
  }
}
