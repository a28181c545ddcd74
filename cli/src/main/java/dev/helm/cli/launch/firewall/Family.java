package dev.helm.cli.launch.firewall;

/** One of the two sets of tables. */
enum Family {
  /** IPv4. */
  V4("iptables"),
  /** IPv6. */
  V6("ip6tables");

  private final String program;

  Family(String program) {
    this.program = program;
  }

  /** What lists and changes the tables. */
  String program() {
    return program;
  }

  /** What changes them in one step. */
  String restore() {
    return program + "-restore";
  }
}
