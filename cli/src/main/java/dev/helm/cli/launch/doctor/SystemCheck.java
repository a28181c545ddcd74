package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Finding;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The system below everything: its kind, the JDK, what the kernel can bound. */
final class SystemCheck implements Check {
  private static final int WANTED_JAVA = 25;
  private static final Set<String> CONTROLLERS = Set.of("memory", "pids", "cpu");
  private static final Pattern DEBIAN = Pattern.compile("Debian (\\d+\\.\\d+\\.\\d+)");

  private final Site site;

  SystemCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    return List.of(system(), java(), cgroups(), seccomp(), ipv6());
  }

  private Finding system() {
    Machine machine = site.machine();
    String name = machine.release("PRETTY_NAME");
    String text =
        (name.isEmpty() ? System.getProperty("os.name", "unknown") : name)
            + " · kernel "
            + kernelVersion(machine)
            + " · "
            + System.getProperty("os.arch", "")
            + " · "
            + Runtime.getRuntime().availableProcessors()
            + " cores";
    return System.getProperty("os.name", "").equals("Linux")
        ? Finding.fine("system", text)
        : Finding.wrong("system", text, "run the backend in a Linux virtual machine; set HELM_URL");
  }

  /** The kernel's upstream version; distributions hide it behind a number of their own. */
  static String kernelVersion(Machine machine) {
    String[] ubuntu = machine.text("/proc/version_signature").orElse("").split(" ", -1);
    if (ubuntu.length == 3) {
      return ubuntu[2];
    }
    Matcher debian = DEBIAN.matcher(machine.text("/proc/version").orElse(""));
    return debian.find()
        ? debian.group(1)
        : machine.text("/proc/sys/kernel/osrelease").orElse("unknown");
  }

  private Finding java() {
    int feature = Runtime.version().feature();
    String text = Runtime.version() + " · " + site.settings().javaHome();
    return feature >= WANTED_JAVA
        ? Finding.fine("JDK", text)
        : Finding.wrong("JDK", text, "install a JDK 25 and set JAVA_HOME");
  }

  // Attack: a fork bomb, a memory hog: without these nothing bounds it.
  private Finding cgroups() {
    Machine machine = site.machine();
    Set<String> found = new TreeSet<>();
    String version = "v2";
    String unified = machine.text("/sys/fs/cgroup/cgroup.controllers").orElse("");
    found.addAll(Arrays.asList(unified.split("\\s+")));
    if (unified.isEmpty()) {
      version = "v1";
      machine
          .text("/proc/mounts")
          .orElse("")
          .lines()
          .map(line -> line.split(" ", -1))
          .filter(fields -> fields.length > 3 && fields[2].equals("cgroup"))
          .forEach(fields -> found.addAll(Arrays.asList(fields[3].split(","))));
    }
    List<String> missing =
        CONTROLLERS.stream().filter(wanted -> !found.contains(wanted)).sorted().toList();
    return missing.isEmpty()
        ? Finding.fine("cgroups", version + " · memory, processes and CPU can be bounded")
        : Finding.wrong(
            "cgroups",
            version + " · missing: " + String.join(", ", missing) + ", so runs cannot be bounded",
            "mount them (a host with systemd does), or boot with cgroup_enable=memory");
  }

  private Finding seccomp() {
    boolean there = Files.exists(site.machine().path("/proc/sys/kernel/seccomp/actions_avail"));
    return there
        ? Finding.fine("seccomp", "the kernel filters system calls")
        : Finding.wrong(
            "seccomp",
            "the kernel cannot filter system calls, and the engine then does without",
            "use a kernel with CONFIG_SECCOMP_FILTER");
  }

  private Finding ipv6() {
    List<String> addresses = new ArrayList<>();
    site.machine()
        .text("/proc/net/if_inet6")
        .orElse("")
        .lines()
        .map(line -> line.split("\\s+"))
        .filter(fields -> fields.length == 6 && fields[3].equals("00"))
        .forEach(fields -> addresses.add(fields[5]));
    return addresses.isEmpty()
        ? Finding.fine("IPv6", "no global address")
        : Finding.fine(
            "IPv6",
            "on at "
                + addresses.stream().distinct().collect(Collectors.joining(", "))
                + " · Helm's rules are for both families");
  }
}
