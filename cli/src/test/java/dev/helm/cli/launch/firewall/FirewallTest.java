package dev.helm.cli.launch.firewall;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real iptables of both families in a namespace of its own. */
@Tag("engine")
@Timeout(120)
final class FirewallTest {
  private static final long LOOK_EVERY_MS = 150;
  private static final String JUMP = " -i br-helm+ -j HELM_EGRESS";

  @TempDir private Path folder;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();

  @Test
  void chainAndJumpsAreFirstInBothFamiliesAndLeaveNothingBehind() throws Exception {
    try (Namespace ns = new Namespace()) {
      ns.run("iptables", "-A", "INPUT", "-p", "tcp", "-j", "ACCEPT");
      ns.run("ip6tables", "-A", "FORWARD", "-j", "ACCEPT");
      List<String> before4 = ns.rules(Family.V4);
      List<String> before6 = ns.rules(Family.V6);
      try (Firewall firewall = firewall(ns)) {
        firewall.begin();
        assertThat(ns.rules(Family.V4))
            .containsSubsequence("-N HELM_EGRESS", "-A INPUT" + JUMP, "-A INPUT -p tcp -j ACCEPT")
            .contains("-A FORWARD" + JUMP)
            .containsSubsequence(
                "-A HELM_EGRESS -d 10.219.87.1/32 -p tcp -m tcp --dport 3128 -m conntrack"
                    + " --ctstate NEW,ESTABLISHED -j ACCEPT",
                "-A HELM_EGRESS -j DROP");
        assertThat(ns.rules(Family.V6))
            .contains("-A INPUT" + JUMP, "-A HELM_EGRESS -j DROP")
            .containsSubsequence("-A FORWARD" + JUMP, "-A FORWARD -j ACCEPT");
        Attestation told = attestation();
        assertThat(told.state()).isEqualTo("intact");
        assertThat(told.proxy()).isEqualTo("10.219.87.1:3128");
        assertThat(Attestation.uptime() - told.uptimeMs()).isBetween(0L, 60_000L);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
            .isEqualTo("rw-r--r--");
      }
      assertThat(ns.rules(Family.V4)).isEqualTo(before4);
      assertThat(ns.rules(Family.V6)).isEqualTo(before6);
      assertThat(file()).doesNotExist();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "iptables -F HELM_EGRESS",
        "iptables -I HELM_EGRESS -j ACCEPT",
        "iptables -D HELM_EGRESS -j DROP",
        "iptables -I HELM_EGRESS 2 -p udp --dport 53 -j ACCEPT",
        "iptables -F INPUT",
        "iptables -I INPUT -j ACCEPT",
        "iptables -I INPUT -i br-helm0 -j ACCEPT",
        "iptables -F FORWARD",
        "iptables -I FORWARD -j ACCEPT",
        "iptables -F; iptables -X",
        "iptables -D INPUT -i br-helm+ -j HELM_EGRESS; iptables -A INPUT -i br-helm+ -j HELM_EGRESS;"
            + " iptables -I INPUT -p udp -j ACCEPT",
        "iptables -N DOCKER-USER; iptables -A DOCKER-USER -j RETURN;"
            + " iptables -I FORWARD -j DOCKER-USER",
        "ip6tables -F; ip6tables -X",
        "ip6tables -I HELM_EGRESS -j ACCEPT",
        "ip6tables -I FORWARD -j ACCEPT",
        "ip6tables -D INPUT -i br-helm+ -j HELM_EGRESS",
        "echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables",
        "echo 0 >/proc/sys/net/bridge/bridge-nf-call-ip6tables"
      })
  void whatIsAlteredIsWithdrawnPutBackAndTold(String attack) throws Exception {
    try (Namespace ns = new Namespace();
        Firewall firewall = firewall(ns)) {
      firewall.begin();
      assertThat(said()).contains("HELM_EGRESS in place");
      ns.shell(attack);
      assertThat(tables(ns).look().faults()).as("seen at all").isNotEmpty();
      until(text -> text.contains("was altered and put back"));
      assertThat(tables(ns).look().faults()).isEmpty();
      untilIntact();
    }
  }

  /** As dockerd makes it at each of its starts. */
  @Test
  void theJumpMovesToDockerUserWhereTheEngineMakesIt() throws Exception {
    try (Namespace ns = new Namespace()) {
      ns.shell(
          "iptables -N DOCKER-USER; iptables -A DOCKER-USER -j RETURN;"
              + " iptables -I FORWARD -j DOCKER-USER; iptables -A FORWARD -j ACCEPT");
      List<String> before = ns.rules(Family.V4);
      try (Firewall firewall = firewall(ns)) {
        firewall.begin();
        assertThat(ns.rules(Family.V4))
            .containsSubsequence("-A DOCKER-USER" + JUMP, "-A DOCKER-USER -j RETURN")
            .doesNotContain("-A FORWARD" + JUMP);
        ns.shell("iptables -D FORWARD -j DOCKER-USER");
        until(text -> text.contains("put back"));
        assertThat(ns.rules(Family.V4))
            .containsSubsequence("-A FORWARD" + JUMP, "-A FORWARD -j ACCEPT");
      }
      assertThat(ns.rules(Family.V4)).doesNotContain("-N HELM_EGRESS");
      assertThat(before).contains("-N DOCKER-USER");
    }
  }

  /** The same on the older kind of tables, where the machine's iptables is that. */
  @Test
  void legacyTablesToo() throws Exception {
    Path programs = Files.createDirectory(folder.resolve("bin"));
    for (String family : List.of("iptables", "ip6tables")) {
      for (String end : List.of("", "-restore")) {
        Files.createSymbolicLink(
            programs.resolve(family + end), Path.of("/usr/sbin/" + family + "-legacy" + end));
      }
    }
    try (Namespace ns = new Namespace()) {
      Machine machine =
          new Machine(
              List.of(
                  "ip", "netns", "exec", ns.name, "env", "PATH=" + programs + ":/usr/bin:/bin"));
      Tables tables = new Tables(machine, Firewall.PROXY_ADDRESS, Firewall.PROXY_PORT);
      try (Firewall firewall = new Firewall(tables, file(), folder, progress(), LOOK_EVERY_MS)) {
        firewall.begin();
        assertThat(attestation().state()).as(said()).isEqualTo("intact");
        assertThat(ns.run("iptables-legacy", "-S")).contains("-A INPUT" + JUMP);
        ns.shell("iptables-legacy -F INPUT; ip6tables-legacy -I HELM_EGRESS -j ACCEPT");
        until(text -> text.contains("was altered and put back"));
        assertThat(tables.look().faults()).isEmpty();
      }
      assertThat(ns.run("iptables-legacy", "-S")).doesNotContain("HELM_EGRESS");
    }
  }

  @Test
  void anotherHelmIsLeftAlone() throws Exception {
    try (Namespace ns = new Namespace();
        Firewall first = firewall(ns)) {
      first.begin();
      Path other = folder.resolve("other.json");
      try (Firewall second = new Firewall(tables(ns), other, folder, progress(), LOOK_EVERY_MS)) {
        second.begin();
        assertThat(read(other).state()).isEqualTo("unavailable");
        assertThat(said()).contains("another Helm on this machine has the chain");
      }
      assertThat(ns.rules(Family.V4)).contains("-A INPUT" + JUMP);
      untilIntact();
    }
  }

  @Test
  void withoutIptablesItIsUnavailableAndSaysSo() throws Exception {
    Machine nothing = new Machine(List.of("/nonexistent"));
    Tables tables = new Tables(nothing, Firewall.PROXY_ADDRESS, Firewall.PROXY_PORT);
    try (Namespace ns = new Namespace();
        Firewall firewall = new Firewall(tables, file(), folder, progress(), LOOK_EVERY_MS)) {
      firewall.begin();
      assertThat(attestation().state()).isEqualTo("unavailable");
      assertThat(said()).contains("only containers with an interface are refused");
    }
  }

  /** A bridge goes down while its tables cannot be mended, and comes back with them. */
  @Test
  void bridgesAreCutWhileTheTablesCannotBeMended() throws Exception {
    try (Namespace ns = new Namespace()) {
      ns.shell("ip link add br-helm0 type bridge; ip link set br-helm0 up");
      Path blocked = Files.createFile(folder.resolve("blocked"));
      Files.delete(blocked);
      String wrapper =
          "#!/bin/sh\nif [ -e "
              + blocked
              + " ]; then case \"$*\" in *tables*) exit 4;; esac; fi\n"
              + "exec ip netns exec "
              + ns.name
              + " \"$@\"\n";
      Path script = Files.writeString(folder.resolve("wrapper"), wrapper);
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
      Tables tables =
          new Tables(
              new Machine(List.of(script.toString())), Firewall.PROXY_ADDRESS, Firewall.PROXY_PORT);
      try (Firewall firewall = new Firewall(tables, file(), folder, progress(), LOOK_EVERY_MS)) {
        firewall.begin();
        assertThat(attestation().bridges()).containsExactly("br-helm0");
        Files.createFile(blocked);
        until(text -> text.contains("cannot list its rules"));
        awaitLink(ns, "down");
        untilState("altered");
        // The same where no word can be written, as on a full disk.
        Files.delete(blocked);
        awaitLink(ns, "up");
        untilIntact();
        obstruct();
        Files.createFile(blocked);
        until(text -> text.contains("its state cannot be told"));
        awaitLink(ns, "down");
        Files.delete(file().resolve("in-the-way"));
        Files.delete(blocked);
        awaitLink(ns, "up");
        untilIntact();
      }
    }
  }

  /**
   * Attack: the disk is full when the chain is altered; a file's name that is taken stands for it.
   */
  @Test
  void theChainIsPutBackWhereNoWordCanBeWritten() throws Exception {
    try (Namespace ns = new Namespace();
        Firewall firewall = firewall(ns)) {
      firewall.begin();
      obstruct();
      until(text -> text.contains("its state cannot be told"));
      for (String attack : List.of("iptables -F HELM_EGRESS", "ip6tables -F; ip6tables -X")) {
        ns.shell(attack);
        long due = due();
        while (!tables(ns).look().faults().isEmpty()) {
          assertThat(System.nanoTime()).as("put back in time: %s", attack).isLessThan(due);
          TimeUnit.MILLISECONDS.sleep(50);
        }
      }
      Files.delete(file().resolve("in-the-way"));
      untilIntact();
    }
  }

  /** What cannot be replaced by a rename; the watcher may write between the two steps. */
  private void obstruct() throws Exception {
    Path ready = Files.createDirectory(folder.resolve("ready"));
    Files.createFile(ready.resolve("in-the-way"));
    long due = due();
    while (!Files.isDirectory(file())) {
      assertThat(System.nanoTime()).isLessThan(due);
      Files.deleteIfExists(file());
      try {
        Files.move(ready, file());
      } catch (java.nio.file.FileSystemException e) {
        continue;
      }
    }
  }

  private static void awaitLink(Namespace ns, String state) throws Exception {
    long due = due();
    while (ns.run("ip", "-br", "link", "show", "br-helm0").contains("UP>") != state.equals("up")) {
      assertThat(System.nanoTime()).as("br-helm0 is %s in time", state).isLessThan(due);
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private Firewall firewall(Namespace ns) {
    return new Firewall(tables(ns), file(), folder, progress(), LOOK_EVERY_MS);
  }

  private static Tables tables(Namespace ns) {
    return new Tables(ns.machine(), Firewall.PROXY_ADDRESS, Firewall.PROXY_PORT);
  }

  private Progress progress() {
    return new Progress(new PrintStream(said, true, StandardCharsets.UTF_8));
  }

  private Path file() {
    return folder.resolve(Attestation.FILE);
  }

  private Attestation attestation() throws Exception {
    return read(file());
  }

  private static Attestation read(Path file) throws Exception {
    return new ObjectMapper().readValue(Files.readAllBytes(file), Attestation.class);
  }

  private String said() {
    return said.toString(StandardCharsets.UTF_8);
  }

  private void until(Predicate<String> wanted) throws InterruptedException {
    long due = due();
    while (!wanted.test(said())) {
      assertThat(System.nanoTime()).as("said in time: %s", said()).isLessThan(due);
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private void untilIntact() throws Exception {
    untilState("intact");
  }

  private void untilState(String state) throws Exception {
    long due = due();
    while (!Files.isRegularFile(file()) || !attestation().state().equals(state)) {
      assertThat(System.nanoTime()).isLessThan(due);
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private static long due() {
    return System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
  }
}
