package dev.helm.cli.launch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.launch.Account;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.Finding.Level;
import dev.helm.cli.launch.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A machine and a HELM_HOME in a folder, both as they should be, to plant defects in. */
abstract class PlantedMachine {
  Path folder;
  Path machine;
  Path home;
  final Map<String, String> programs = new HashMap<>();

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

  static String limits(String core, String files) {
    return "Limit                     Soft Limit           Hard Limit           Units     \n"
        + "Max core file size        %s                    unlimited            bytes     \n"
            .formatted(core)
        + "Max open files            %s                 65536                files     \n"
            .formatted(files);
  }

  void put(String name, String text) throws IOException {
    Path file = machine.resolve(name.substring(1));
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  Site site(Map<String, String> more) throws Exception {
    Map<String, String> env = new HashMap<>(Map.of("HELM_HOME", home.toString()));
    env.putAll(more);
    return new Site(
        Settings.read(env, null, null),
        Optional.empty(),
        new Machine(
            machine, command -> Optional.ofNullable(programs.get(String.join(" ", command)))),
        Account.ownUid());
  }

  static Finding of(List<Finding> findings, String subject) {
    return findings.stream().filter(f -> f.subject().equals(subject)).findFirst().orElseThrow();
  }

  /** The control first, then the defect. */
  void planted(String subject, Level level, Checked check, Defect defect) throws Exception {
    assertThat(of(check.of(site(Map.of())).look(), subject).level())
        .as("control of " + subject)
        .isEqualTo(Level.FINE);
    defect.plant();
    Finding found = of(check.of(site(Map.of())).look(), subject);
    assertThat(found.level()).as(found.toString()).isEqualTo(level);
    assertThat(found.repair()).as(found.toString()).isNotEmpty();
  }

  @FunctionalInterface
  interface Checked {
    Check of(Site site);
  }

  @FunctionalInterface
  interface Defect {
    void plant() throws Exception;
  }

  static void mode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }
}
