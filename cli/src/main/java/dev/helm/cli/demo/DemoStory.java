package dev.helm.cli.demo;

import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.cli.Context;
import dev.helm.cli.ExitCode;
import dev.helm.cli.command.BlueprintFile;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Problems;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.RunView;
import dev.helm.cli.watch.Companion;
import dev.helm.cli.watch.Hands;
import dev.helm.cli.watch.Watch;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Plays the landing page's run on a backend that is already up: applies the blueprint, starts the
 * run, shows it, and plays the person's part where there is no person. The model is the practice
 * model and the site is fictitious, and it says so; everything else is real.
 */
public final class DemoStory {
  /** What the person of the landing page tells the agent. */
  public static final String STEERING = "Exclude any company with under 50 employees first.";

  private static final long PATIENCE_MS = 20_000;

  private final Context context;
  private final Options options;
  private final HelmClient client;

  /**
   * How to play.
   *
   * @param auto plays the person's part even if one is there
   * @param steer gives the steering line; without it nothing is filtered
   * @param deny denies the mail instead of allowing it
   * @param blueprint the blueprint's file
   */
  public record Options(boolean auto, boolean steer, boolean deny, Path blueprint) {}

  /** A story on the backend that the context's HELM_URL, HELM_PORT and HELM_HOME name. */
  public DemoStory(Context context, Options options) {
    this.options = options;
    this.client = HelmClient.of(context.env(), PATIENCE_MS);
    boolean alone = options.auto() || !context.out().interactive();
    this.context = alone ? withoutKeys(context) : context;
  }

  /** Plays it to its end; {@code DONE} when the run succeeded. */
  public ExitCode play() throws IOException, InterruptedException {
    BlueprintFile blueprint = BlueprintFile.read(options.blueprint());
    Reply applied =
        client.putBlueprint(blueprint.name(), blueprint.bytes(), blueprint.mediaType(), false);
    if (applied.status() >= 400) {
      throw Problems.of(applied, options.blueprint().toString());
    }
    Bodies.Run run =
        client
            .start(new Bodies.StartRun(blueprint.name(), null, null, null, null))
            .as(Bodies.Run.class);
    opening(run);
    Part part = new Part();
    ExitCode exit = new Watch(context, client, false, part).follow(run);
    ending(run, part);
    return exit;
  }

  private boolean alone() {
    return !context.out().interactive();
  }

  private static Context withoutKeys(Context context) {
    var out = context.out();
    return new Context(
        context.env(),
        new dev.helm.cli.Out(
            out.data(), out.words(), out.dataPaint(), out.wordsPaint(), out.width(), false),
        context.in());
  }

  private void opening(Bodies.Run run) {
    var out = context.out();
    if (run.practice()) {
      out.say(
          "The model is the practice model, and the eight companies and their site are fictitious.");
    } else {
      out.say(
          "The eight companies and their site are fictitious; the model is yours and costs money.");
    }
    out.say(
        alone()
            ? "Nobody sits at the keys, so the demo plays the person's part too and says when."
            : "Steer with s when you like; at the mail press a to allow it or d to deny it.");
    out.say("");
  }

  private void ending(Bodies.Run run, Part seen) {
    var out = context.out();
    String id = Watch.shown(run.id());
    Path workspace = context.env().home().resolve("workspaces").resolve(run.id());
    Bodies.Run now = client.run(run.id()).as(Bodies.Run.class);
    out.say("");
    out.say("You saw one run, " + now.status().word() + ":");
    out.say("  every action in its log, " + now.events() + " events");
    if (seen.read) {
      out.say("  your correction, read in mid-run");
    }
    if (seen.gated) {
      out.say("  the mail, held until somebody decided");
    }
    out.say("  the money, " + now.spentUsd().shown() + " / " + now.budgetUsd().shown());
    out.say(context.env().hint("The log    helm watch " + id));
    out.say("The files  " + workspace);
    if (seen.mailed) {
      out.say("The mail   " + workspace.resolve("outbox") + "/*.eml");
    }
    String name = run.blueprint().replaceFirst("@.*", "");
    out.say(context.env().hint("Next       helm runs · helm run " + name + " · helm help"));
    if (run.practice()) {
      out.say(context.env().hint("A real model: helm key set < FILE, then helm up"));
    }
  }

  /** Where the landing page's person acts. */
  private final class Part implements Companion {
    private boolean steered;
    private boolean read;
    private boolean gated;
    private boolean mailed;

    @Override
    public void after(RunEvent event, RunView view, Hands hands) {
      if (event instanceof RunEvent.ToolFinished finished
          && finished.tool().equals("WriteRow")
          && options.steer()
          && !steered) {
        steered = true;
        steer(hands);
      }
      if (event instanceof RunEvent.PermissionRequested permission && !hands.interactive()) {
        decide(permission, hands);
      }
      remember(event);
    }

    /** The end tells only what was really seen. */
    private void remember(RunEvent event) {
      read |= event instanceof RunEvent.MessageRead;
      gated |= event instanceof RunEvent.PermissionDecided;
      mailed |=
          event instanceof RunEvent.ToolFinished finished
              && finished.tool().equals("SendEmail")
              && finished.outcome().equals("ok");
    }

    private void steer(Hands hands) {
      if (hands.interactive()) {
        hands.say("Your part: enter sends the line below, or change it first; esc leaves it.");
        hands.offerSteer(STEERING);
      } else {
        hands.say("The demo plays the person: it steers.");
        hands.steer(STEERING);
      }
    }

    private void decide(RunEvent.PermissionRequested permission, Hands hands) {
      hands.show(permission);
      boolean allow = !options.deny();
      hands.say("The demo plays the person: it " + (allow ? "allows" : "denies") + " this.");
      hands.decide(permission, allow, allow ? "" : "The demo was told to deny.");
    }
  }
}
