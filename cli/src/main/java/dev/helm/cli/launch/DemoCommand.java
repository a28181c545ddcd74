package dev.helm.cli.launch;

import dev.helm.cli.Context;
import dev.helm.cli.Env;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.command.HelmCommand;
import dev.helm.cli.demo.DemoStory;
import dev.helm.cli.demo.ExampleStory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Starts a Helm of its own with a fictitious site, and plays the landing page's run on it. */
@Command(
    name = "demo",
    header = "helm demo --auto",
    description = "Plays one run from its start to its end.")
public final class DemoCommand extends HelmCommand {
  @Option(names = "--auto", description = "play the person's part too")
  private boolean auto;

  @Option(names = "--deny", description = "with --auto: deny the mail")
  private boolean deny;

  @Option(names = "--no-steer", description = "do not give the steering line")
  private boolean unsteered;

  @Option(names = "--stay", description = "keep Helm running at the end, until Ctrl-C")
  private boolean stay;

  @Option(
      names = {"-y", "--yes"},
      description = "install what is missing without asking")
  private boolean yes;

  @Option(names = "--home", paramLabel = "DIR", description = "the demo's own state")
  private @Nullable Path home;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "first of six loopback ports (default: ${env:HELM_PORT:-4356})")
  private @Nullable Integer port;

  @Option(names = "--site", paramLabel = "DIR", description = "other pages for the demo's site")
  private @Nullable Path site;

  @Option(
      names = "--example",
      paramLabel = "NAME",
      description = "play another of the examples, such as bank-reconciliation")
  private @Nullable String example;

  @Override
  protected ExitCode run() throws IOException, InterruptedException {
    Progress progress = new Progress(out().words());
    try {
      Settings settings = settings();
      Launch launch = new Launch(settings, progress);
      Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(launch::close));
      try (launch) {
        launch.start();
        return play(settings, launch, progress);
      } catch (LaunchException e) {
        if (launch.endAsked()) {
          return ExitCode.FAILED;
        }
        throw e;
      }
    } catch (LaunchException e) {
      throw new Failure(ExitCode.FAILED, String.valueOf(e.getMessage()), e.repair(), "", e);
    }
  }

  private ExitCode play(Settings settings, Launch launch, Progress progress)
      throws IOException, InterruptedException {
    Context own = new Context(surroundings(settings), out(), context().in());
    out().say("");
    ExitCode code;
    progress.hold();
    try {
      code = example == null ? landingPage(settings, own) : example(settings, own, example);
    } finally {
      progress.release();
    }
    boolean person = out().interactive() && !auto;
    out().say("");
    String export =
        "  export HELM_HOME=" + settings.home().root() + " HELM_PORT=" + settings.ports().service();
    if (stay || person) {
      out().say("This Helm runs until Ctrl-C. For these commands, in another terminal:");
      out().say(export);
      launch.awaitStopped();
    } else {
      out().say("The demo's Helm stops now. For these commands:");
      out().say(export);
      advise("  helm up --detach");
    }
    return code;
  }

  private ExitCode landingPage(Settings settings, Context own)
      throws IOException, InterruptedException {
    Path blueprint = settings.checkout().resolve(DemoConfig.EXAMPLE).resolve("blueprint.yaml");
    return new DemoStory(own, new DemoStory.Options(auto, !unsteered, deny, blueprint)).play();
  }

  private ExitCode example(Settings settings, Context own, String name)
      throws IOException, InterruptedException {
    Path folder = settings.checkout().resolve("examples").resolve(name);
    return new ExampleStory(own, new ExampleStory.Options(auto, deny, folder)).play();
  }

  /** Before anything is started. */
  private void checkExample(Path checkout) throws LaunchException {
    if (example == null) {
      return;
    }
    List<String> names = DemoConfig.examples(checkout);
    if (!names.contains(example)) {
      throw new LaunchException(
          "There is no example \"" + example + "\" that the practice model plays.",
          "There are: " + String.join(", ", names) + ".");
    }
  }

  private Settings settings() throws LaunchException {
    Map<String, String> env = System.getenv();
    Settings standard = Settings.read(env, home != null ? home : demoHome(env), port);
    checkExample(standard.checkout());
    Path pages = site != null ? site : DemoConfig.site(standard);
    if (!Files.isDirectory(pages)) {
      throw new LaunchException(
          "The demo's site is not in " + pages + ".",
          "Start the demo with ./helm demo, from the checkout.");
    }
    return standard.withDemoSite(pages.toAbsolutePath());
  }

  /** Beside the ordinary one, so that a demo never touches a person's runs. */
  private static Path demoHome(Map<String, String> env) {
    Path ordinary = Settings.homeOf(env);
    return env.containsKey("HELM_HOME")
        ? ordinary
        : ordinary.resolveSibling(ordinary.getFileName() + "-demo");
  }

  private Env surroundings(Settings settings) {
    Map<String, String> variables = new HashMap<>(context().env().variables());
    variables.put("HELM_HOME", settings.home().root().toString());
    variables.put("HELM_PORT", "" + settings.ports().service());
    variables.remove("HELM_URL");
    variables.remove("HELM_TOKEN");
    return new Env(variables, context().env().userHome());
  }
}
