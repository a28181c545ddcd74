package dev.helm.cli.launch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.Account;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.Finding.Level;
import dev.helm.cli.launch.ProcessId;
import dev.helm.cli.launch.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each check finds the defect that is planted for it, and nothing where there is none. */
class DoctorTest {
  private Path folder;
  private Path machine;
  private Path home;
  private final Map<String, String> programs = new HashMap<>();

  @BeforeEach
  void plantAGoodMachine() throws IOException {
    folder = Files.createTempDirectory(Path.of("/tmp"), "hd");
    machine = Files.createDirectory(folder.resolve("m"));
    home = Files.createDirectory(folder.resolve("h"));
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx------"));
    put("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n");
    put("/proc/version", "Linux version 6.1.0-30-amd64 #1 SMP Debian 6.1.124-1 (2025-01-12)");
    put("/proc/mounts", "");
    put("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids");
    put("/proc/sys/kernel/seccomp/actions_avail", "kill_process errno");
    put("/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:  6000000 kB\nSwapTotal:  0 kB\n");
    put("/proc/sys/kernel/core_pattern", "core");
    put("/proc/self/limits", limits("0", "65536"));
    put("/proc/sys/kernel/yama/ptrace_scope", "1");
    put("/run/systemd/timesync/synchronized", "");
    programs.put("dpkg --compare-versions 1 lt 2", "");
  }

  @AfterEach
  void clean() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static String limits(String core, String files) {
    return "Limit                     Soft Limit           Hard Limit           Units     \n"
        + "Max core file size        %s                    unlimited            bytes     \n"
            .formatted(core)
        + "Max open files            %s                 65536                files     \n"
            .formatted(files);
  }

  private void put(String name, String text) throws IOException {
    Path file = machine.resolve(name.substring(1));
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private Site site(Map<String, String> more) throws Exception {
    Map<String, String> env = new HashMap<>(Map.of("HELM_HOME", home.toString()));
    env.putAll(more);
    return new Site(
        Settings.read(env, null, null),
        Optional.empty(),
        new Machine(
            machine, command -> Optional.ofNullable(programs.get(String.join(" ", command)))),
        Account.ownUid());
  }

  private static Finding of(List<Finding> findings, String subject) {
    return findings.stream().filter(f -> f.subject().equals(subject)).findFirst().orElseThrow();
  }

  /** The control first, then the defect. */
  private void planted(String subject, Level level, Checked check, Defect defect) throws Exception {
    assertThat(of(check.of(site(Map.of())).look(), subject).level())
        .as("control of " + subject)
        .isEqualTo(Level.FINE);
    defect.plant();
    Finding found = of(check.of(site(Map.of())).look(), subject);
    assertThat(found.level()).as(found.toString()).isEqualTo(level);
    assertThat(found.repair()).as(found.toString()).isNotEmpty();
  }

  @FunctionalInterface
  private interface Checked {
    Check of(Site site);
  }

  @FunctionalInterface
  private interface Defect {
    void plant() throws Exception;
  }

  // ---- machine -----------------------------------------------------------------------------

  @Test
  void aKernelThatCannotBoundProcesses() throws Exception {
    planted(
        "cgroups",
        Level.WRONG,
        SystemCheck::new,
        () -> put("/sys/fs/cgroup/cgroup.controllers", "cpu memory"));
  }

  @Test
  void cgroupsOfTheFirstKindAreSeenToo() throws Exception {
    put("/sys/fs/cgroup/cgroup.controllers", "");
    put(
        "/proc/mounts",
        "c /sys/fs/cgroup/a cgroup rw,memory 0 0\nc /b cgroup rw,cpu,cpuacct 0 0\n");
    Finding found = of(new SystemCheck(site(Map.of())).look(), "cgroups");
    assertThat(found.level()).isEqualTo(Level.WRONG);
    assertThat(found.text()).contains("missing: pids");
  }

  @Test
  void aKernelWithoutSeccomp() throws Exception {
    planted(
        "seccomp",
        Level.WRONG,
        SystemCheck::new,
        () -> Files.delete(machine.resolve("proc/sys/kernel/seccomp/actions_avail")));
  }

  @Test
  void littleMemoryFewFilesAndSwap() throws Exception {
    planted(
        "memory",
        Level.WARN,
        ResourceCheck::new,
        () -> put("/proc/meminfo", "MemTotal: 8000 kB\nMemAvailable: 600 kB\nSwapTotal: 0 kB\n"));
    plantGoodMemory();
    planted(
        "open files",
        Level.WARN,
        ResourceCheck::new,
        () -> put("/proc/self/limits", limits("0", "1024")));
    planted(
        "swap",
        Level.NOTE,
        ResourceCheck::new,
        () ->
            put(
                "/proc/meminfo",
                "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\nSwapTotal: 4000000 kB\n"));
  }

  private void plantGoodMemory() throws IOException {
    put("/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\nSwapTotal: 0 kB\n");
  }

  @Test
  void aFullDiskAndADiskThatIsNone() {
    Path place = Path.of("/data");
    assertThat(ResourceCheck.space(100L << 30, 200L << 30, place).level()).isEqualTo(Level.FINE);
    assertThat(ResourceCheck.space(1L << 30, 200L << 30, place).level()).isEqualTo(Level.WARN);
    assertThat(ResourceCheck.space(0, 200L << 30, place).level()).isEqualTo(Level.WRONG);
    assertThat(ResourceCheck.kind("ext4", place).level()).isEqualTo(Level.FINE);
    assertThat(ResourceCheck.kind("nfs4", place).level()).isEqualTo(Level.WARN);
    assertThat(ResourceCheck.kind("tmpfs", place).level()).isEqualTo(Level.WARN);
  }

  /** For real, where mounting is allowed: HELM_HOME on a small disk in memory, filled. */
  @Test
  void aDiskThatIsReallyFull() throws Exception {
    boolean mounted =
        Account.ownUid() == 0
            && new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=1m", "t", home.toString())
                    .start()
                    .waitFor()
                == 0;
    org.junit.jupiter.api.Assumptions.assumeTrue(mounted, "mounting needs root");
    try {
      Files.write(home.resolve("ballast"), new byte[1 << 19]);
      List<Finding> findings = new ResourceCheck(site(Map.of())).look();
      assertThat(of(findings, "disk").level()).isEqualTo(Level.WRONG);
      assertThat(of(findings, "file system").text()).contains("tmpfs");
    } finally {
      new ProcessBuilder("umount", home.toString()).start().waitFor();
    }
  }

  @Test
  void aClockThatIsWrong() throws Exception {
    Site site = site(Map.of());
    Instant now = Instant.now();
    assertThat(of(new ClockCheck(site, now).look(), "clock").level()).isEqualTo(Level.FINE);
    assertThat(of(new ClockCheck(site, Instant.EPOCH).look(), "clock").level())
        .isEqualTo(Level.WRONG);
    Files.createFile(home.resolve("helm.db-wal"));
    assertThat(of(new ClockCheck(site, now.minusSeconds(86_400)).look(), "clock").text())
        .contains("before the last event");
    assertThat(of(new ClockCheck(site, now).look(), "time server").level()).isEqualTo(Level.FINE);
    Files.delete(machine.resolve("run/systemd/timesync/synchronized"));
    assertThat(of(new ClockCheck(site, now).look(), "time server").level()).isEqualTo(Level.NOTE);
    programs.put("timedatectl show -p NTPSynchronized --value", "no\n");
    assertThat(of(new ClockCheck(site, now).look(), "time server").level()).isEqualTo(Level.WARN);
  }

  // ---- secrets -----------------------------------------------------------------------------

  @Test
  void coreDumpsAndDebuggers() throws Exception {
    planted(
        "core dumps",
        Level.WARN,
        SecretsCheck::new,
        () -> put("/proc/self/limits", limits("unlimited", "65536")));
    put("/proc/self/limits", limits("0", "65536"));
    planted(
        "core dumps",
        Level.WARN,
        SecretsCheck::new,
        () -> put("/proc/sys/kernel/core_pattern", "|/usr/lib/systemd/systemd-coredump %P"));
    planted(
        "ptrace_scope",
        Account.ownUid() == 0 ? Level.NOTE : Level.WARN,
        SecretsCheck::new,
        () -> put("/proc/sys/kernel/yama/ptrace_scope", "0"));
  }

  @Test
  void aKeyFileThatOthersMayRead() throws Exception {
    Path key = home.resolve("keys/model.key");
    Files.createDirectory(home.resolve("keys"));
    Files.writeString(key, "sk-planted");
    mode(key, "rw-------");
    planted("model key", Level.WRONG, HomeCheck::new, () -> mode(key, "rw-r--r--"));
    assertThat(new HomeCheck(site(Map.of())).look().toString()).doesNotContain("sk-planted");
  }

  private static void mode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  @Test
  void aHomeThatIsOpenAndWhatLiesOpenInIt() throws Exception {
    planted("HELM_HOME", Level.WRONG, HomeCheck::new, () -> mode(home, "rwxr-xr-x"));
    mode(home, "rwx------");
    Path database = Files.createFile(home.resolve("helm.db"));
    mode(database, "rw-------");
    planted("file modes", Level.WRONG, HomeCheck::new, () -> mode(database, "rw-rw-rw-"));
    assertThat(of(new HomeCheck(site(Map.of())).look(), "file modes").text()).contains("helm.db");
  }

  @Test
  void aFileOfSomeoneElse() throws Exception {
    org.junit.jupiter.api.Assumptions.assumeTrue(Account.ownUid() == 0, "chown needs root");
    Path file = Files.createFile(home.resolve("planted"));
    mode(file, "rw-------");
    assertThat(of(new HomeCheck(site(Map.of())).look(), "file modes").level())
        .isEqualTo(Level.FINE);
    Files.setAttribute(file, "unix:uid", 54_321);
    assertThat(of(new HomeCheck(site(Map.of())).look(), "file owners").level())
        .isEqualTo(Level.WRONG);
  }

  @Test
  void theFirstPasswordThatIsStillThere() throws Exception {
    Files.writeString(home.resolve("owner.credentials"), "password: planted");
    mode(home.resolve("owner.credentials"), "rw-------");
    List<Finding> findings = new HomeCheck(site(Map.of())).look();
    assertThat(of(findings, "first password").level()).isEqualTo(Level.NOTE);
    assertThat(findings.toString()).doesNotContain("planted");
  }

  // ---- boundary ----------------------------------------------------------------------------

  @Test
  void aChainThatWasAltered() throws Exception {
    Path said = Files.createDirectory(home.resolve("run")).resolve("egress-chain.json");
    String intact = word("intact");
    Files.writeString(said, intact);
    planted(
        "HELM_EGRESS",
        Level.WRONG,
        BoundaryCheck::new,
        () -> Files.writeString(said, word("altered")));
    Files.writeString(said, intact.replaceFirst("\"uptimeMs\":\\d+", "\"uptimeMs\":0"));
    assertThat(of(new BoundaryCheck(site(Map.of())).look(), "HELM_EGRESS").level())
        .isEqualTo(Level.WARN);
    Files.writeString(said, "not JSON");
    assertThat(of(new BoundaryCheck(site(Map.of())).look(), "HELM_EGRESS").level())
        .isEqualTo(Level.WARN);
  }

  /** The root part's word of this moment. */
  private static String word(String state) throws IOException {
    String uptime = Files.readString(Path.of("/proc/uptime"));
    return """
        {"state":"%s","why":"rule 2 is gone","boot":"%s","uptimeMs":%s,"proxy":"10.219.87.1:3128",\
        "bridges":[],"droppedPackets":0}"""
        .formatted(
            state,
            ProcessId.boot(),
            uptime.substring(0, uptime.indexOf(' ')).replace(".", "") + "0");
  }

  @Test
  void workspacesWithABoundAndWithout() throws Exception {
    String subject = "workspace size";
    put("/proc/mounts", "/dev/loop3 " + home + "/slots/00000001/w ext4 rw 0 0\n");
    assertThat(of(new BoundaryCheck(site(Map.of())).look(), subject).text())
        .contains("its own size");
    put("/proc/mounts", "");
    assertThat(of(new BoundaryCheck(site(Map.of())).look(), subject).level()).isEqualTo(Level.NOTE);
  }

  // ---- installation and network ------------------------------------------------------------

  @Test
  void aTakenPort() throws Exception {
    try (var other = new java.net.ServerSocket()) {
      other.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
      int port = Math.min(other.getLocalPort(), 65_530);
      Finding found = of(new ProcessCheck(site(Map.of("HELM_PORT", "" + port))).look(), "port");
      assertThat(found.level()).isEqualTo(Level.WRONG);
      assertThat(found.text()).contains("pid " + ProcessHandle.current().pid());
    }
  }

  @Test
  void temporalThatIsNotThereAndCannotBeBuilt() throws Exception {
    Map<String, String> env = Map.of("HELM_TEMPORAL_BIN", folder + "/none");
    assertThat(of(new ProcessCheck(site(env)).look(), "Temporal").level()).isEqualTo(Level.WRONG);
    programs.put("go version", "go1.26");
    assertThat(of(new ProcessCheck(site(env)).look(), "Temporal").level()).isEqualTo(Level.NOTE);
    env = Map.of("TEMPORAL_ADDRESS", "127.0.0.1:1");
    assertThat(of(new ProcessCheck(site(env)).look(), "Temporal").level()).isEqualTo(Level.WRONG);
  }

  @Test
  void everyHostOutsideIsNamedAndNoPasswordIs() throws Exception {
    Files.createDirectory(home.resolve("keys"));
    Files.writeString(home.resolve("keys/model.key"), "k");
    Files.writeString(
        home.resolve("config.yml"),
        "egress:\n  targets:\n    - {host: crm.internal, port: 443, address: 10.1.2.3}\n");
    Site site =
        site(
            Map.of(
                "HELM_SMTP_URL", "smtps://me:secret@relay.example:465",
                "HELM_MODEL_UPSTREAM", "https://models.example/v1?key=hidden"));
    String all = new OutgoingCheck(site).look().toString();
    assertThat(all)
        .contains("models.example", "relay.example:465", "crm.internal at 10.1.2.3", "telemetry")
        .doesNotContain("secret", "hidden");
    assertThat(of(new OutgoingCheck(site).look(), "mail").level()).isEqualTo(Level.FINE);
    Files.writeString(home.resolve("config.yml"), "egress: [");
    assertThat(of(new OutgoingCheck(site).look(), "config.yml").level()).isEqualTo(Level.WRONG);
  }

  // ---- engine ------------------------------------------------------------------------------

  @Test
  void anEngineThatFiltersNothingOrIsRootless() throws Exception {
    String good =
        "{\"SecurityOptions\":[\"name=seccomp,profile=default\"],\"DefaultRuntime\":\"runc\","
            + "\"MemoryLimit\":true,\"PidsLimit\":true,\"CpuCfsQuota\":true,\"SwapLimit\":true}";
    assertThat(EngineCheck.info(json(good))).allMatch(f -> f.level() == Level.FINE);
    for (String[] defect :
        new String[][] {
          {"name=seccomp,profile=default", "name=seccomp,profile=unconfined", "engine's seccomp"},
          {"name=seccomp,profile=default\"", "name=seccomp\",\"name=rootless\"", "rootless engine"},
          {"\"runc\"", "\"runsc\"", "runtime"},
          {"\"PidsLimit\":true", "\"PidsLimit\":false", "limits"}
        }) {
      assertThat(of(EngineCheck.info(json(good.replace(defect[0], defect[1]))), defect[2]).level())
          .isEqualTo(Level.WRONG);
    }
  }

  private static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }

  @Test
  void anEngineWhoseSocketIsOpenToEveryoneAndWhoseRuncIsOld() throws Exception {
    Path socket = folder.resolve("e.sock");
    try (ServerSocketChannel engine = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      engine.bind(UnixDomainSocketAddress.of(socket));
      Thread.startVirtualThread(() -> serve(engine));
      Site site = site(Map.of("HELM_ENGINE", "unix://" + socket));
      mode(socket, "rw-rw----");
      List<Finding> findings = new EngineCheck(site).look();
      assertThat(of(findings, "engine").level()).isEqualTo(Level.FINE);
      assertThat(of(findings, "engine's door").level()).isEqualTo(Level.FINE);
      assertThat(of(findings, "containerd escapes").level()).isEqualTo(Level.FINE);
      assertThat(of(findings, "runc escapes").level()).isEqualTo(Level.WRONG);
      assertThat(of(findings, "runc escapes").text()).contains("CVE-2024-21626");
      mode(socket, "rw-rw-rw-");
      assertThat(of(new EngineCheck(site).look(), "engine's door").level()).isEqualTo(Level.WRONG);
    }
    assertThat(
            of(new EngineCheck(site(Map.of("HELM_ENGINE", "unix://" + socket))).look(), "engine")
                .level())
        .as("nobody answers")
        .isEqualTo(Level.WRONG);
    assertThat(of(new EngineCheck(site(Map.of())).look(), "engine").repair()).contains("helm up");
  }

  private static void serve(ServerSocketChannel engine) {
    String version =
        "{\"Version\":\"28.5.0\",\"ApiVersion\":\"1.51\",\"Components\":["
            + "{\"Name\":\"containerd\",\"Version\":\"v1.7.29\"},"
            + "{\"Name\":\"runc\",\"Version\":\"1.1.11\"}]}";
    String info = "{\"SecurityOptions\":[\"name=seccomp\"],\"DefaultRuntime\":\"runc\"}";
    try {
      while (true) {
        try (SocketChannel call = engine.accept()) {
          ByteBuffer asked = ByteBuffer.allocate(1024);
          call.read(asked);
          String body =
              new String(asked.array(), StandardCharsets.UTF_8).contains("/info") ? info : version;
          call.write(
              ByteBuffer.wrap(("HTTP/1.0 200 OK\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8)));
        }
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  // ---- the whole ---------------------------------------------------------------------------

  @Test
  void theWholeReportOfThisMachineHasWordsForEverything() throws Exception {
    Report report =
        Report.of(
            new Site(
                Settings.read(Map.of("HELM_HOME", home.toString()), null, null),
                Optional.empty(),
                Machine.real(),
                Account.ownUid()));
    assertThat(report.sections()).hasSize(5);
    assertThat(report.exitStatus()).isEqualTo(report.count(Level.WRONG) == 0 ? 0 : 1);
    for (Report.Section section : report.sections()) {
      for (Finding finding : section.findings()) {
        assertThat(finding.text()).as(finding.toString()).isNotBlank();
        if (finding.level() == Level.WRONG || finding.level() == Level.WARN) {
          assertThat(finding.repair()).as(finding.toString()).isNotBlank();
        }
      }
    }
  }

  @Test
  void anOldTableIsToldToBeOld() throws Exception {
    Escapes escapes = Escapes.read();
    assertThat(new EscapeCheck(site(Map.of()), escapes, List.of(), escapes.asOf()).look())
        .isEmpty();
    LocalDate later = escapes.asOf().plusYears(2);
    assertThat(
            of(new EscapeCheck(site(Map.of()), escapes, List.of(), later).look(), "newer escapes"))
        .extracting(Finding::level)
        .isEqualTo(Level.WARN);
  }
}
