package dev.helm.cli.launch;

import dev.helm.cli.Env;
import dev.helm.cli.Out;
import java.io.PrintStream;
import java.util.Map;

/** What a person reads when everything is ready. */
final class Welcome {
  private Welcome() {}

  /**
   * What other commands in a shell need to find this Helm; empty when they find it as it is.
   *
   * @param port the port of its service
   */
  static String export(Settings settings, int port) {
    Map<String, String> env = System.getenv();
    String home =
        settings.home().root().equals(Settings.homeOf(env))
            ? ""
            : " HELM_HOME=" + settings.home().root();
    boolean known = ("" + port).equals(env.getOrDefault("HELM_PORT", "" + Ports.STANDARD).strip());
    String words = home + (known ? "" : " HELM_PORT=" + port);
    return words.isEmpty() ? "" : "export" + words;
  }

  static void print(Settings settings, Launch launch, PrintStream out) {
    Env env = Env.ofProcess();
    String tools = launch.engine().isEmpty() ? "read-only, no engine" : "engine ready";
    String model = launch.practice() ? "practice model, no key" : "model key in place";
    new Progress(out).done("healthy · " + launch.url() + " · " + tools + " · " + model);
    out.println(
        env.hint("  log in    helm login")
            + " · the owner's password is in "
            + settings.home().ownerCredentials());
    out.println(
        env.hint(
            "  try       helm blueprint apply -f FILE, then helm run NAME · helm demo shows a whole"
                + " run"));
    String export = export(settings, settings.ports().service());
    if (!export.isEmpty()) {
      out.println("  first     for other commands, in their shell:");
      out.println(export);
    }
    if (launch.practice()) {
      out.println(env.hint("  real key  helm key set < FILE, then helm down and helm up"));
    }
    // Started with --detach it has no terminal, and Ctrl-C reaches it nowhere.
    boolean detached = !Out.inputIsTerminal();
    out.println(env.hint("  end       " + (detached ? "helm down" : "Ctrl-C, or helm down")));
    out.flush();
  }
}
