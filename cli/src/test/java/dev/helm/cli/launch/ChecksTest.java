package dev.helm.cli.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is refused before anything starts, and whether the words help. */
class ChecksTest {
  @Test
  void aTakenPortIsNamedWithItsOwner() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      int port = Math.min(other.getLocalPort(), 65_530);
      org.junit.jupiter.api.Assumptions.assumeTrue(port == other.getLocalPort());
      Settings settings = settings(Map.of("HELM_PORT", "" + port));
      assertThatThrownBy(() -> Checks.ports(settings, true))
          .isInstanceOf(LaunchException.class)
          .hasMessage(
              "Port %d, for the service, is taken by pid %d (java)."
                  .formatted(port, ProcessHandle.current().pid()));
    }
  }

  @Test
  void aKeyFileThatOthersMayReadIsRefused() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      Path key = tiny.home.modelKey();
      Set<Integer> me = Set.of(Account.ownUid());
      assertThat(KeyFile.check(key, me)).isInstanceOf(KeyFile.State.Absent.class);
      KeyFile.store(key, "sk-test".getBytes(java.nio.charset.StandardCharsets.UTF_8));
      assertThat(KeyFile.check(key, me)).isEqualTo(new KeyFile.State.Usable(key));
      assertThat(KeyFile.check(key, Set.of(Account.ownUid() + 1)))
          .isInstanceOf(KeyFile.State.Refused.class);
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
      assertThat(KeyFile.check(key, me))
          .isEqualTo(
              new KeyFile.State.Refused(
                  "The model key file " + key + " has mode 640, so others may read it.",
                  "Close it: chmod 600 " + key));
    }
  }

  @Test
  void aKeyFileThatIsALinkIsRefused() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      Path real = tiny.home.keys().resolve("real");
      KeyFile.store(real, new byte[] {'k'});
      Files.createSymbolicLink(tiny.home.modelKey(), real);
      assertThat(KeyFile.check(tiny.home.modelKey(), Set.of(Account.ownUid())))
          .isInstanceOf(KeyFile.State.Refused.class);
    }
  }

  @Test
  void aLongHomeIsRefusedWithTheReason() {
    String path = "/tmp/" + "x".repeat(60);
    assertThatThrownBy(() -> settings(Map.of("HELM_HOME", path)))
        .isInstanceOf(LaunchException.class)
        .hasMessageContaining("65 characters and at most 60");
  }

  @Test
  void badNumbersAreRefused() {
    assertThatThrownBy(() -> settings(Map.of("HELM_PORT", "many")))
        .hasMessage("HELM_PORT must be a number, not 'many'");
    assertThatThrownBy(() -> settings(Map.of("HELM_PORT", "80")))
        .hasMessageContaining("between 1024 and 65530");
  }

  @Test
  void theHomeIsClosedAndItsSecretIsMadeOnce() throws Exception {
    try (TinyHome tiny = new TinyHome()) {
      HomePreparation.prepare(tiny.home, null);
      String secret = Files.readString(tiny.home.ledgerSecret());
      assertThat(secret).matches("[0-9a-f]{64}");
      HomePreparation.prepare(tiny.home, null);
      assertThat(Files.readString(tiny.home.ledgerSecret())).isEqualTo(secret);
      assertThat(mode(tiny.home.root())).isEqualTo("rwx------");
      assertThat(mode(tiny.home.keys())).isEqualTo("rwx------");
      assertThat(mode(tiny.home.ledgerSecret())).isEqualTo("rw-------");
    }
  }

  @Test
  void aProcessThatDropsRightsIsStartedThroughSetpriv() {
    org.junit.jupiter.api.Assumptions.assumeTrue(ProcessSpec.hasSetpriv(), "needs setpriv");
    ProcessSpec spec =
        ProcessSpec.of("worker", java.util.List.of("/bin/true"), Map.of(), new Readiness.Started());
    assertThat(String.join(" ", spec.commandLine()))
        .isEqualTo("/usr/bin/setsid /usr/bin/setpriv --pdeathsig KILL --no-new-privs -- /bin/true");
    assertThat(
            String.join(
                " ", spec.withUser(new RunAs(990, 991, java.util.List.of(7))).commandLine()))
        .isEqualTo(
            "/usr/bin/setsid /usr/bin/setpriv --pdeathsig KILL --reuid 990 --regid 991 --groups 7 --no-new-privs --"
                + " /bin/true");
    assertThat(spec.withUser(new RunAs(990, 991, java.util.List.of())).commandLine())
        .contains("--clear-groups");
    assertThatThrownBy(() -> new RunAs(0, 0, java.util.List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String mode(Path path) throws java.io.IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static Settings settings(Map<String, String> over) throws LaunchException {
    Map<String, String> env = new HashMap<>(Map.of("HELM_HOME", "/tmp/hl-none"));
    env.putAll(over);
    return Settings.read(env, null, null);
  }
}
