package dev.helm.activities.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections that Helm makes itself: to the very host, at the checked address. */
@Timeout(60)
class OutgoingTest {
  @TempDir Path folder;

  private static OperatorTarget target(TlsSite site, String host) {
    return new OperatorTarget(
        HostName.parse(host),
        443,
        OperatorTarget.Protocol.TLS,
        InetAddress.getLoopbackAddress(),
        site.port());
  }

  private static final HostResolver NOWHERE =
      host -> {
        throw new IOException("nothing is looked up here");
      };

  @Test
  void theCertificateHasToNameTheHostAndBeTrusted() throws Exception {
    try (TlsSite site = new TlsSite(folder)) {
      List<OperatorTarget> targets =
          List.of(target(site, TlsSite.HOST), target(site, "other.demo.test"));
      Outgoing trusting = new Outgoing(NOWHERE, targets, List.of(site.certificate()));
      try (Socket socket =
          trusting.connect(trusting.route("SITE.demo.test", 443, true), 10_000, s -> {})) {
        socket
            .getOutputStream()
            .write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(new String(socket.getInputStream().readNBytes(8), StandardCharsets.US_ASCII))
            .isEqualTo("HTTP/1.1");
      }
      Outgoing.Route other = trusting.route("other.demo.test", 443, true);
      assertThatThrownBy(() -> trusting.connect(other, 10_000, s -> {}))
          .isInstanceOf(IOException.class);
      Outgoing strict = new Outgoing(NOWHERE, targets, List.of());
      Outgoing.Route route = strict.route(TlsSite.HOST, 443, true);
      assertThatThrownBy(() -> strict.connect(route, 10_000, s -> {}))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void whatIsNotPublicIsRefusedBeforeAnythingIsDialled() throws Exception {
    for (String address : List.of("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1")) {
      Outgoing outgoing =
          new Outgoing(host -> List.of(InetAddress.getByName(address)), List.of(), List.of());
      assertThatThrownBy(() -> outgoing.route("api.example.com", 443, true))
          .as(address)
          .isInstanceOf(Outgoing.Refused.class);
    }
    Outgoing outgoing =
        new Outgoing(host -> List.of(InetAddress.getByName("8.8.8.8")), List.of(), List.of());
    assertThat(outgoing.route("api.example.com", 443, true).host()).isEqualTo("api.example.com");
    for (String host :
        List.of("8.8.8.8", "localhost", "api.example.com.", "a b", "api.exämple.com")) {
      assertThatThrownBy(() -> outgoing.route(host, 443, true))
          .as(host)
          .isInstanceOf(Outgoing.Refused.class);
    }
    assertThatThrownBy(() -> outgoing.route("api.example.com", 8443, true))
        .isInstanceOf(Outgoing.Refused.class);
    assertThatThrownBy(() -> outgoing.route("api.example.com", 443, false))
        .isInstanceOf(Outgoing.Refused.class);
  }
}
