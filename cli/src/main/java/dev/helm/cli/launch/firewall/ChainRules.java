package dev.helm.cli.launch.firewall;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the tables of one family have to say, as {@code iptables -v -S} says it, and how to make
 * them so. Looks at nothing itself.
 *
 * @param family whose tables
 * @param proxyAddress where the egress proxy listens for containers with an interface, IPv4
 * @param proxyPort 1 to 65535
 */
record ChainRules(Family family, String proxyAddress, int proxyPort) {
  static final String CHAIN = "HELM_EGRESS";
  private static final String DOCKER_USER = "DOCKER-USER";
  private static final Pattern COUNTERS = Pattern.compile(" -c (\\d+) (\\d+)");

  /** What the chain itself holds. */
  List<String> chain() {
    String accept =
        "-A %s -d %s/32 -p tcp -m tcp --dport %d -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT"
            .formatted(CHAIN, proxyAddress, proxyPort);
    // Attack: look-ups, pings, datagrams, the machine's own ports. Safeguard: all but the proxy's
    // one port ends here. Over IPv6 there is no proxy, so nothing at all passes.
    String drop = "-A " + CHAIN + " -j DROP";
    return switch (family) {
      case V4 -> List.of(accept, drop);
      case V6 -> List.of(drop);
    };
  }

  /** The jump that a built-in chain begins with. */
  static String jump(String from) {
    return "-A " + from + " -i br-helm+ -j " + CHAIN;
  }

  /**
   * What is not as it has to be.
   *
   * @param listing the lines of {@code iptables -v -S}
   * @return empty when all is right
   */
  List<String> faults(List<String> listing) {
    List<String> lines = plain(listing);
    List<String> faults = new ArrayList<>();
    if (!lines.contains("-N " + CHAIN)) {
      faults.add(family.program() + ": chain " + CHAIN + " is missing");
    } else if (!of(lines, CHAIN).equals(chain())) {
      faults.add(family.program() + ": chain " + CHAIN + " was changed");
    }
    for (String hook : hooks(lines)) {
      List<String> rules = of(lines, hook);
      // Attack: an earlier rule lets the traffic in before the chain sees it. Safeguard: the jump
      // has to be the first of its chain.
      if (rules.isEmpty() || !rules.getFirst().equals(jump(hook))) {
        faults.add(family.program() + ": " + hook + " does not begin with the jump to " + CHAIN);
      }
    }
    return faults;
  }

  /** A script for {@code iptables-restore --noflush}: everything in one step, or nothing. */
  String repair(List<String> listing) {
    List<String> lines = plain(listing);
    StringBuilder script = new StringBuilder("*filter\n:" + CHAIN + " - [0:0]\n");
    chain().forEach(rule -> script.append(rule).append('\n'));
    removeJumps(lines, script);
    for (String hook : hooks(lines)) {
      script.append(jump(hook).replaceFirst("-A (\\S+)", "-I $1 1")).append('\n');
    }
    return script.append("COMMIT\n").toString();
  }

  /** A script that takes all of it away; empty when nothing is there. */
  String removal(List<String> listing) {
    List<String> lines = plain(listing);
    if (!lines.contains("-N " + CHAIN)) {
      return "";
    }
    StringBuilder script = new StringBuilder("*filter\n");
    removeJumps(lines, script);
    return script.append("-F " + CHAIN + "\n-X " + CHAIN + "\nCOMMIT\n").toString();
  }

  /** Packets that the chain has dropped; -1 when it is not there. */
  static long dropped(List<String> listing) {
    for (String line : listing) {
      Matcher counters = COUNTERS.matcher(line);
      if (line.startsWith("-A " + CHAIN + " ") && line.endsWith("-j DROP") && counters.find()) {
        return Long.parseLong(counters.group(1));
      }
    }
    return -1;
  }

  /**
   * DOCKER-USER counts only where FORWARD begins with it; one that a former engine left behind is
   * passed by nothing.
   */
  private static List<String> hooks(List<String> lines) {
    List<String> forward = of(lines, "FORWARD");
    boolean user =
        lines.contains("-N " + DOCKER_USER)
            && !forward.isEmpty()
            && forward.getFirst().equals("-A FORWARD -j " + DOCKER_USER);
    return List.of("INPUT", user ? DOCKER_USER : "FORWARD");
  }

  private static void removeJumps(List<String> lines, StringBuilder script) {
    for (String line : lines) {
      if (line.startsWith("-A ") && line.matches(".* -[jg] " + CHAIN)) {
        script.append(line.replaceFirst("-A", "-D")).append('\n');
      }
    }
  }

  private static List<String> of(List<String> lines, String chain) {
    return lines.stream().filter(line -> line.startsWith("-A " + chain + " ")).toList();
  }

  private static List<String> plain(List<String> listing) {
    List<String> lines = new ArrayList<>();
    listing.forEach(line -> lines.add(COUNTERS.matcher(line).replaceFirst("").strip()));
    return lines;
  }
}
