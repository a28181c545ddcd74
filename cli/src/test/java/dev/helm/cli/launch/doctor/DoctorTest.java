package dev.helm.cli.launch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.launch.Account;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.Finding.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Each check finds the defect that is planted for it, and nothing where there is none. */
class DoctorTest extends PlantedMachine {
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
    assertThat(ResourceCheck.space(2L << 30, 200L << 30, place).level()).isEqualTo(Level.WARN);
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
  void workspacesWithABoundAndWithout() throws Exception {
    String subject = "workspace size";
    Path said = Files.createDirectory(home.resolve("run")).resolve("disks.json");
    Files.writeString(said, "{\"mode\":\"images\",\"diskMb\":2048,\"diskFiles\":200000}");
    assertThat(of(new BoundaryCheck(site(Map.of())).look(), subject).text())
        .contains("a disk of its own, 2048 MB");
    Files.writeString(said, "{\"mode\":\"watched\",\"why\":\"no loop devices\"}");
    Finding watched = of(new BoundaryCheck(site(Map.of())).look(), subject);
    assertThat(watched.level()).isEqualTo(Level.NOTE);
    assertThat(watched.text()).contains("no loop devices");
  }

  /** Attack on doctor's patience: a program that hangs, and its child that keeps the pipe. */
  @Test
  void aProgramThatHangsIsGivenUp() {
    assertThat(Machine.real().run("/bin/sh", "-c", "sleep 20 & sleep 20")).isEmpty();
    assertThat(Machine.real().run("echo", "there")).contains("there");
  }
}
