package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Finding;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** By which ways what is in a process's memory could leave it: core dumps, debuggers. */
final class SecretsCheck implements Check {
  private static final Pattern COLUMNS = Pattern.compile(" {2,}");

  private final Site site;

  SecretsCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    return List.of(coreDumps(), debuggers());
  }

  /** A process's soft limit; {@link Long#MAX_VALUE} for none. */
  static Optional<Long> limit(Machine machine, String pid, String name) {
    return machine
        .text("/proc/" + pid + "/limits")
        .orElse("")
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> COLUMNS.split(line)[1].strip())
        .map(soft -> soft.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(soft))
        .findFirst();
  }

  // Attack: make the key proxy crash, then read the key from what it leaves on the disk.
  private Finding coreDumps() {
    String pattern = site.machine().text("/proc/sys/kernel/core_pattern").orElse("unknown");
    String pid =
        site.running()
            .flatMap(
                state ->
                    state.children().stream()
                        .filter(child -> child.name().equals("keyproxy"))
                        .findFirst())
            .map(child -> Long.toString(child.process().pid()))
            .orElse("self");
    long soft = limit(site.machine(), pid, "Max core file size").orElse(0L);
    boolean piped = pattern.startsWith("|");
    if (pattern.startsWith("|/bin/false") || (!piped && (soft == 0 || pattern.isEmpty()))) {
      return Finding.fine("core dumps", "off");
    }
    return Finding.warn(
        "core dumps",
        (piped ? "handed to " + pattern.substring(1).split(" ", 2)[0] : "written to files")
            + " · one may hold the model key or prompts",
        piped
            ? "Storage=none in /etc/systemd/coredump.conf, or sysctl kernel.core_pattern='|/bin/false'"
            : "ulimit -c 0 before helm up, or LimitCORE=0 in its unit");
  }

  // Attack: another program of the same user attaches to the service and reads its memory.
  private Finding debuggers() {
    Optional<Long> scope = site.machine().number("/proc/sys/kernel/yama/ptrace_scope");
    if (scope.isPresent() && scope.get() > 0) {
      return Finding.fine("ptrace_scope", scope.get() + " · no program attaches to another's");
    }
    String text =
        (scope.isPresent() ? "0" : "not in this kernel")
            + " · programs of one user may read each other's memory";
    return site.root()
        ? Finding.note(
            "ptrace_scope",
            text + "; the service and the key proxy have users of their own",
            "sysctl kernel.yama.ptrace_scope=1 closes it for the rest")
        : Finding.warn(
            "ptrace_scope", text, "sysctl kernel.yama.ptrace_scope=1, or start Helm as root");
  }
}
