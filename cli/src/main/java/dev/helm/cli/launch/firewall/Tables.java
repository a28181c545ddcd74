package dev.helm.cli.launch.firewall;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The machine's tables, bridges and the kernel's switch that shows bridged packets to them. */
final class Tables {
  private static final String WAIT_SECONDS = "5";
  private static final int LISTINGS = 3;
  private static final String BRIDGES = "sed -n 's/^ *\\(br-helm[^:]*\\):.*/\\1/p' /proc/net/dev";
  private static final List<String> SWITCHES =
      List.of(
          "/proc/sys/net/bridge/bridge-nf-call-iptables",
          "/proc/sys/net/bridge/bridge-nf-call-ip6tables");

  private final Machine machine;
  private final List<ChainRules> rules;

  Tables(Machine machine, String proxyAddress, int proxyPort) {
    this.machine = machine;
    this.rules =
        List.of(
            new ChainRules(Family.V4, proxyAddress, proxyPort),
            new ChainRules(Family.V6, proxyAddress, proxyPort));
  }

  /**
   * What one look has shown.
   *
   * @param faults what is not as it has to be
   * @param bridges interfaces that the chain applies to
   * @param dropped packets, both families together
   */
  record Look(List<String> faults, List<String> bridges, long dropped) {
    Look {
      faults = List.copyOf(faults);
      bridges = List.copyOf(bridges);
    }
  }

  Look look() throws IOException, InterruptedException {
    List<String> faults = new ArrayList<>();
    long dropped = 0;
    for (ChainRules each : rules()) {
      List<String> listing = list(each.family());
      faults.addAll(each.faults(listing));
      dropped += Math.max(0, ChainRules.dropped(listing));
    }
    // Attack: a neighbour on the same bridge is reached without passing the tables. Safeguard: the
    // kernel has to show bridged packets to them.
    String script = "cat " + String.join(" ", SWITCHES) + "; " + BRIDGES;
    List<String> words = machine.run("", List.of("sh", "-c", script)).text().lines().toList();
    if (words.size() < 2 || !words.get(0).equals("1") || !words.get(1).equals("1")) {
      faults.add("the kernel does not show bridged packets to the tables (br_netfilter)");
    }
    List<String> bridges = words.stream().filter(name -> name.startsWith("br-helm")).toList();
    return new Look(faults, bridges, dropped);
  }

  /** Makes the tables as they have to be; whether that worked, the next look tells. */
  void repair() throws IOException, InterruptedException {
    for (ChainRules each : rules()) {
      List<String> listing = list(each.family());
      if (!each.faults(listing).isEmpty()) {
        restore(each.family(), each.repair(listing));
      }
    }
    Machine.Said unused =
        machine.run(
            "",
            List.of(
                "sh",
                "-c",
                "[ -e %1$s ] || modprobe br_netfilter; for f in %1$s %2$s; do echo 1 >$f; done"
                    .formatted(SWITCHES.get(0), SWITCHES.get(1))));
  }

  /** Takes the chain and the jumps away. */
  void remove() throws IOException, InterruptedException {
    for (ChainRules each : rules()) {
      String script = each.removal(list(each.family()));
      if (!script.isEmpty()) {
        restore(each.family(), script);
      }
    }
  }

  /** Ends all traffic of containers with an interface. */
  void cutBridges() throws IOException, InterruptedException {
    set("down");
  }

  /** Lets it go on. */
  void joinBridges() throws IOException, InterruptedException {
    set("up");
  }

  /** Both families; IPv4 alone only where the kernel knows no IPv6. */
  private List<ChainRules> rules() {
    boolean six = Files.exists(Path.of("/proc/net/if_inet6"));
    return six ? rules : rules.subList(0, 1);
  }

  private void set(String state) throws IOException, InterruptedException {
    String script = "for b in $(" + BRIDGES + "); do ip link set $b " + state + "; done";
    Machine.Said unused = machine.run("", List.of("sh", "-c", script));
  }

  /** Names the network namespace in which all of this happens. */
  String namespace() throws IOException, InterruptedException {
    return machine.run("", List.of("readlink", "/proc/self/ns/net")).text();
  }

  /** Tried again: a listing that meets a change by another program fails for that moment. */
  private List<String> list(Family family) throws IOException, InterruptedException {
    List<String> command = List.of(family.program(), "-w", WAIT_SECONDS, "-v", "-S");
    Machine.Said said = machine.run("", command);
    for (int i = 0; i < LISTINGS && !said.good(); i++) {
      TimeUnit.MILLISECONDS.sleep(100);
      said = machine.run("", command);
    }
    if (!said.good()) {
      throw new IOException(family.program() + " cannot list its rules: " + firstLine(said));
    }
    return said.text().lines().toList();
  }

  private void restore(Family family, String script) throws IOException, InterruptedException {
    Machine.Said said =
        machine.run(script, List.of(family.restore(), "-w", WAIT_SECONDS, "--noflush"));
    if (!said.good()) {
      throw new IOException(family.restore() + " failed: " + firstLine(said));
    }
  }

  private static String firstLine(Machine.Said said) {
    return said.text().lines().findFirst().orElse("exit code " + said.code());
  }
}
