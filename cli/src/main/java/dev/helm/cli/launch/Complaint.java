package dev.helm.cli.launch;

import dev.helm.cli.Env;
import java.io.PrintStream;

/** How a failed command of this package speaks: a red line, what to do, and nothing else. */
final class Complaint {
  private Complaint() {}

  static int print(PrintStream err, LaunchException e) {
    boolean colour =
        System.console() != null
            && System.console().isTerminal()
            && System.getenv("NO_COLOR") == null;
    err.println(colour ? "\u001b[31m" + e.getMessage() + "\u001b[0m" : e.getMessage());
    err.println(Env.ofProcess().hint(e.repair()));
    return 1;
  }
}
