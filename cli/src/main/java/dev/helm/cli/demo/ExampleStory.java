package dev.helm.cli.demo;

import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.cli.Context;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Out;
import dev.helm.cli.command.BlueprintFile;
import dev.helm.cli.command.FolderFiles;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Problems;
import dev.helm.cli.http.Reply;
import dev.helm.cli.watch.Companion;
import dev.helm.cli.watch.Hands;
import dev.helm.cli.watch.Watch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Plays one of the examples on a backend that is already up: applies its blueprint, starts a run
 * with its files, and follows it. Where nobody sits at the keys it plays the person, and says so.
 */
public final class ExampleStory {
  private static final long PATIENCE_MS = 20_000;

  private final Context context;
  private final Options options;
  private final HelmClient client;

  /**
   * How to play.
   *
   * @param auto plays the person's part even if one is there
   * @param deny denies every permission instead of allowing it
   * @param example the example's folder
   */
  public record Options(boolean auto, boolean deny, Path example) {}

  /** A story on the backend that the context's HELM_URL, HELM_PORT and HELM_HOME name. */
  public ExampleStory(Context context, Options options) {
    this.options = options;
    this.client = HelmClient.of(context.env(), PATIENCE_MS);
    Out out = context.out();
    this.context =
        options.auto() && out.interactive()
            ? new Context(
                context.env(),
                new Out(
                    out.data(), out.words(), out.dataPaint(), out.wordsPaint(), out.width(), false),
                context.in())
            : context;
  }

  /** Plays it to its end; {@code DONE} when the run succeeded. */
  public ExitCode play() throws IOException, InterruptedException {
    Path file = options.example().resolve("blueprint.yaml");
    BlueprintFile blueprint = BlueprintFile.read(file);
    Reply applied =
        client.putBlueprint(blueprint.name(), blueprint.bytes(), blueprint.mediaType(), false);
    if (applied.status() >= 400) {
      throw Problems.of(applied, file.toString());
    }
    Path folder = options.example().resolve("files");
    List<Bodies.StartFile> files = Files.isDirectory(folder) ? FolderFiles.read(folder) : List.of();
    Bodies.Run run =
        client
            .start(
                new Bodies.StartRun(
                    blueprint.name(), null, null, null, null, files.isEmpty() ? null : files))
            .as(Bodies.Run.class);
    var out = context.out();
    out.say(
        run.practice()
            ? "The model is the practice model; the rest is real, and the names are fictitious."
            : "The model is yours and costs money; the names are fictitious.");
    out.say(
        out.interactive()
            ? "At a permission press a to allow it or d to deny it."
            : "Nobody sits at the keys, so the demo plays the person's part too and says when.");
    out.say("");
    ExitCode exit = new Watch(context, client, false, new Part()).follow(run);
    Path workspace = context.env().home().resolve("workspaces").resolve(run.id());
    out.say("");
    out.say(context.env().hint("The log    helm watch " + Watch.shown(run.id())));
    out.say(
        context.env().hint("The files  helm files " + Watch.shown(run.id())) + ", in " + workspace);
    String again = files.isEmpty() ? "" : " --files " + folder;
    out.say(context.env().hint("Again      helm run " + blueprint.name() + again));
    return exit;
  }

  /** What the person does where there is none. */
  private final class Part implements Companion {
    @Override
    public void after(RunEvent event, dev.helm.cli.render.RunView view, Hands hands) {
      if (hands.interactive()) {
        return;
      }
      if (event instanceof RunEvent.PermissionRequested permission) {
        hands.show(permission);
        boolean allow = !options.deny();
        hands.say("The demo plays the person: it " + (allow ? "allows" : "denies") + " this.");
        hands.decide(permission, allow, allow ? "" : "The demo was told to deny.");
      }
      if (event instanceof RunEvent.QuestionAsked question) {
        String answer = question.options().isEmpty() ? "yes" : question.options().getFirst();
        hands.say("The demo plays the person: it answers \"" + answer + "\".");
        hands.answer(question, answer);
      }
    }
  }
}
