package dev.helm.service.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a request comes from, and from which pages a browser may send one. */
class FrontTest {
  @TempDir Path home;

  private Front front(String yaml) throws Exception {
    Files.writeString(home.resolve("config.yml"), yaml);
    return Front.read(home, 4356);
  }

  private static String client(Front front, String peer, String... forwardedFor) {
    return front.client(InetAddress.ofLiteral(peer), List.of(forwardedFor)).getHostAddress();
  }

  @Test
  void theRightmostUntrustedHopCounts() throws Exception {
    Front front = front("trustedProxies: [127.0.0.1, 10.0.0.0/8, 'fd00::/8']\n");
    assertThat(client(front, "127.0.0.1", "203.0.113.5")).isEqualTo("203.0.113.5");
    assertThat(client(front, "127.0.0.1", "198.51.100.1, 203.0.113.5")).isEqualTo("203.0.113.5");
    assertThat(client(front, "127.0.0.1", "198.51.100.1", "203.0.113.5")).isEqualTo("203.0.113.5");
    assertThat(client(front, "127.0.0.1", "203.0.113.5, 10.1.2.3")).isEqualTo("203.0.113.5");
    assertThat(client(front, "fd00::1", "2001:db8::1")).isEqualTo("2001:db8:0:0:0:0:0:1");
    assertThat(client(front, "127.0.0.1", "127.0.0.1, 203.0.113.5"))
        .as("a client that says it is the machine itself")
        .isEqualTo("203.0.113.5");
    assertThat(client(front, "127.0.0.1", "::ffff:203.0.113.5")).isEqualTo("203.0.113.5");
  }

  @Test
  void whoIsNoProxyIsNotBelieved() throws Exception {
    Front none = front("egress: {}\n");
    assertThat(client(none, "127.0.0.1", "203.0.113.5")).isEqualTo("127.0.0.1");
    Front front = front("trustedProxies: [10.0.0.0/8]\n");
    assertThat(client(front, "203.0.113.9", "203.0.113.5")).isEqualTo("203.0.113.9");
    assertThat(client(front, "10.0.0.1", "evil.example")).isEqualTo("10.0.0.1");
    assertThat(client(front, "10.0.0.1", "")).isEqualTo("10.0.0.1");
    assertThat(client(front, "10.0.0.1", ",,,")).isEqualTo("10.0.0.1");
    assertThat(client(front, "10.0.0.1", "203.0.113.5:1234")).isEqualTo("10.0.0.1");
    assertThat(client(front, "10.0.0.1", "x".repeat(8000))).isEqualTo("10.0.0.1");
  }

  @Test
  void manyAddressesOfOneNetworkAreOneClient() {
    ClientAddress one = ClientAddress.of(InetAddress.ofLiteral("2001:db8:1:2::1"), true, false);
    ClientAddress two = ClientAddress.of(InetAddress.ofLiteral("2001:db8:1:2:f::9"), true, false);
    ClientAddress far = ClientAddress.of(InetAddress.ofLiteral("2001:db8:1:3::1"), true, false);
    assertThat(one.key()).isEqualTo(two.key()).isNotEqualTo(far.key());
    for (String local : List.of("127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.2")) {
      assertThat(ClientAddress.of(InetAddress.ofLiteral(local), false, false).key())
          .isEqualTo("loopback");
    }
    InetAddress here = InetAddress.getLoopbackAddress();
    assertThat(ClientAddress.of(here, false, false).sameMachine()).isTrue();
    assertThat(ClientAddress.of(here, true, false).sameMachine())
        .as("a proxy's request is not this machine's own")
        .isFalse();
  }

  @Test
  void originsAreAList() throws Exception {
    Front front = front("origins: ['https://Helm.example', 'https://h.example:8443']\n");
    assertThat(front.allows(null)).isTrue();
    assertThat(front.allows(List.of())).isTrue();
    for (String good :
        List.of(
            "https://helm.example",
            "https://h.example:8443",
            "http://127.0.0.1:4356",
            "http://localhost:4356",
            "http://[::1]:4356")) {
      assertThat(front.allows(List.of(good))).as(good).isTrue();
    }
    for (String bad :
        List.of(
            "null",
            "",
            "http://helm.example",
            "https://helm.example:443x",
            "https://helm.example.evil.example",
            "https://evil.example/https://helm.example",
            "http://127.0.0.1:80",
            "file://",
            "https://helm.example, https://evil.example")) {
      assertThat(front.allows(List.of(bad))).as(bad).isFalse();
    }
    assertThat(front.allows(List.of("https://helm.example", "https://helm.example"))).isFalse();
  }

  @Test
  void whatIsNotUnderstoodIsRefused() {
    for (String yaml :
        List.of(
            "trustedProxies: 10.0.0.0/8\n",
            "trustedProxies: [10.0.0.0/33]\n",
            "trustedProxies: [proxy.example]\n",
            "trustedProxies: [1]\n",
            "origins: ['*']\n",
            "origins: ['https://a/b']\n",
            "origins: ['ftp://a']\n")) {
      assertThatThrownBy(() -> front(yaml)).as(yaml).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
