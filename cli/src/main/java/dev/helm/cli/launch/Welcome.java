package dev.helm.cli.launch;

import java.io.PrintStream;

/** What a person reads when everything is ready. */
final class Welcome {
  private Welcome() {}

  static void print(Settings settings, Launch launch, PrintStream out) {
    String tools = launch.engine().isEmpty() ? "read-only, no engine" : "engine ready";
    String model = launch.practice() ? "practice model, no key" : "model key in place";
    new Progress(out).done("healthy · " + launch.url() + " · " + tools + " · " + model);
    out.println(
        "  log in    helm login · the owner's password is in "
            + settings.home().ownerCredentials());
    out.println(
        "  try       helm blueprint apply -f FILE, then helm run NAME · helm demo shows a whole run");
    if (launch.practice()) {
      out.println("  real key  helm key set < FILE, then helm down and helm up");
    }
    out.println("  end       Ctrl-C, or helm down");
    out.flush();
  }
}
