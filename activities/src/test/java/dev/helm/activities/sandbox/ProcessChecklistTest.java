package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.sandbox.ContainerChecklist.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The kernel's files in a directory, in the layout of cgroup version 2, which a machine of version
 * 1 cannot show; {@link ContainerAttributesTest} does the same with the machine's own.
 */
final class ProcessChecklistTest {
  private static final ContainerPlan PLAN =
      new ContainerPlan(
          "sha256:" + "a".repeat(64),
          "inst",
          "0123abcd",
          1000,
          Path.of("/h/box"),
          Path.of("/h/sock"),
          SandboxLimits.DEFAULT,
          true);
  private static final String CGROUP = "sys/fs/cgroup/system.slice/docker-c.scope/";

  @TempDir Path root;

  @BeforeEach
  void write() throws IOException {
    file(
        "proc/7/status",
        """
        Name:\thelm-executor
        Uid:\t1000\t1000\t1000\t1000
        Gid:\t1000\t1000\t1000\t1000
        Groups:\t1000\s
        NSpid:\t7\t1
        CapInh:\t0000000000000000
        CapPrm:\t0000000000000000
        CapEff:\t0000000000000000
        CapBnd:\t0000000000000000
        CapAmb:\t0000000000000000
        NoNewPrivs:\t1
        Seccomp:\t2
        Seccomp_filters:\t1
        """);
    file(
        "proc/7/mountinfo",
        """
        72 48 0:39 / / ro,relatime master:2 - overlay overlay rw,lowerdir=/a
        73 72 0:42 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
        74 72 0:43 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
        75 74 0:44 / /dev/pts rw,nosuid,noexec,relatime - devpts devpts rw
        76 72 0:45 / /sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro
        77 76 0:29 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw
        87 74 0:41 / /dev/mqueue rw,nosuid,nodev,noexec,relatime - mqueue mqueue rw
        88 74 0:47 / /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw
        89 72 254:0 /h/box /slot rw,relatime - ext4 /dev/vda rw
        90 72 0:48 / /tmp rw,nosuid,nodev,relatime - tmpfs tmpfs rw,size=262144k
        91 72 254:0 /h/sock /run/helm ro,relatime - ext4 /dev/vda rw
        52 73 0:42 /sys /proc/sys ro,nosuid,nodev,noexec,relatime - proc proc rw
        53 73 0:49 / /proc/acpi ro,relatime - tmpfs tmpfs ro
        54 73 0:43 /null /proc/keys rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
        """);
    file("proc/7/net/dev", "Inter-|\n face |\n    lo:       0\n");
    file(
        "proc/7/limits",
        """
        Limit                     Soft Limit           Hard Limit           Units
        Max core file size        0                    0                    bytes
        Max open files            4096                 4096                 files
        """);
    file("proc/7/cgroup", "0::/system.slice/docker-c.scope\n");
    file("proc/7/attr/current", "docker-default (enforce)\n");
    file("sys/module/apparmor/parameters/enabled", "Y\n");
    file("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n");
    file(CGROUP + "memory.max", "1073741824\n");
    file(CGROUP + "memory.swap.max", "0\n");
    file(CGROUP + "pids.max", "256\n");
    file(CGROUP + "cpu.max", "100000 100000\n");
  }

  @Test
  void aContainerAsPlannedHasNoFindings() {
    assertThat(check()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "proc/7/status|NoNewPrivs:\\t1|NoNewPrivs:\t0|process NoNewPrivs",
        "proc/7/status|Seccomp:\t2|Seccomp:\t0|process Seccomp",
        "proc/7/status|Groups:\t1000|Groups:\t1000 999|process Groups",
        "proc/7/status|CapAmb:\t0|CapAmb:\t1|process CapAmb",
        "proc/7/status|CapInh:\t0|CapInh:\t1|process CapInh",
        "proc/7/status|CapPrm:\t0|CapPrm:\t1|process CapPrm",
        "proc/7/status|CapEff:\t0|CapEff:\t1|process CapEff",
        "proc/7/status|NSpid:\t7\t1|NSpid:\t7|process NSpid",
        "proc/7/mountinfo|/ / ro|/ / rw|mount /",
        "proc/7/mountinfo|/tmp rw,nosuid|/tmp rw|mount /tmp",
        "proc/7/mountinfo|/sys ro|/sys rw|mount /sys",
        "proc/7/mountinfo|/sys/fs/cgroup ro,nosuid|/sys/fs/cgroup rw|mount /sys/fs/cgroup",
        "proc/7/mountinfo|/proc/sys ro|/proc/sys rw|mount /proc/sys",
        "proc/7/mountinfo|/dev/mqueue|/mnt|mount /mnt",
        "proc/7/net/dev|lo:|eth0:|network interfaces",
        "proc/7/limits|4096                 4096|4096                 9999|process limit Max open files",
        "proc/7/limits|0                    0|0                    1|process limit Max core file size",
        "proc/7/attr/current|docker-default (enforce)|unconfined|AppArmor profile",
        "sys/fs/cgroup/system.slice/docker-c.scope/memory.max|1073741824|max|memory in force",
        "sys/fs/cgroup/system.slice/docker-c.scope/memory.max|1073741824|1073741825|memory in force",
        "sys/fs/cgroup/system.slice/docker-c.scope/memory.swap.max|0|max|swap in force",
        "sys/fs/cgroup/system.slice/docker-c.scope/pids.max|256|max|processes in force",
        "sys/fs/cgroup/system.slice/docker-c.scope/cpu.max|100000 100000|max 100000|thousandths of a CPU in force",
        "proc/7/cgroup|/system.slice|/../x|the kernel's view of the process",
        "proc/self/mountinfo|cgroup2|tmpfs|the kernel's view of the process"
      })
  void eachThingThatIsOffIsFound(String file, String usual, String instead, String finding)
      throws IOException {
    String text = Files.readString(root.resolve(file));
    String off = text.replace(tabs(usual), tabs(instead));
    assertThat(off).isNotEqualTo(text);
    Files.writeString(root.resolve(file), off);
    assertThat(check()).extracting(Finding::attribute).contains(finding);
  }

  @Test
  void whatCannotBeReadIsAFinding() throws IOException {
    Files.delete(root.resolve("proc/7/status"));
    assertThat(check()).isNotEmpty();
    assertThat(ProcessChecklist.check(root, 8, PLAN)).isNotEmpty();
  }

  @Test
  void whereThereIsNoAppArmorNoneIsAskedFor() throws IOException {
    Files.delete(root.resolve("sys/module/apparmor/parameters/enabled"));
    file("proc/7/attr/current", "unconfined\n");
    assertThat(check()).isEmpty();
  }

  private List<Finding> check() {
    return ProcessChecklist.check(root, 7, PLAN);
  }

  private static String tabs(String text) {
    return text.replace("\\t", "\t");
  }

  private void file(String name, String text) throws IOException {
    Path path = root.resolve(name);
    Files.createDirectories(java.util.Objects.requireNonNull(path.getParent()));
    Files.writeString(path, text);
  }
}
