package dev.helm.cli.launch.firewall;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.helm.cli.launch.Account;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A network namespace of a test's own, with its own tables. Needs root. */
final class Namespace implements AutoCloseable {
  final String name = "helm-" + UUID.randomUUID().toString().substring(0, 8);
  private final Machine host = new Machine(List.of());

  Namespace() throws Exception {
    if (Account.ownUid() != 0) {
      String why = "needs root, iptables and iproute2";
      if ("true".equals(System.getenv("CI"))) {
        fail(why);
      }
      abort(why);
    }
    done(host.run("", List.of("ip", "netns", "add", name)));
    run("ip", "link", "set", "lo", "up");
  }

  /** Runs programs in it. */
  Machine machine() {
    return new Machine(List.of("ip", "netns", "exec", name));
  }

  /** Runs a program in it that has to succeed. */
  String run(String... command) throws Exception {
    return done(machine().run("", List.of(command)));
  }

  /** Rules of the filter table, without counters. */
  List<String> rules(Family family) throws Exception {
    return run(family.program(), "-S").lines().filter(line -> line.startsWith("-")).toList();
  }

  private static String done(Machine.Said said) throws IOException {
    if (!said.good()) {
      throw new IOException(said.text());
    }
    return said.text();
  }

  /** The same, as words of a shell. */
  String shell(String line) throws Exception {
    return run(new ArrayList<>(List.of("sh", "-c", line)).toArray(String[]::new));
  }

  @Override
  public void close() throws Exception {
    done(host.run("", List.of("ip", "netns", "del", name)));
  }
}
