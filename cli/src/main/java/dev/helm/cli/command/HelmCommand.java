package dev.helm.cli.command;

import dev.helm.cli.Context;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Out;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Reply;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/** What all commands share: {@code --json}, {@code --help}, and what they work with. */
public abstract class HelmCommand implements Callable<Integer> {
  @Option(names = "--json", description = "print JSON")
  protected boolean json;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "print this help")
  boolean help;

  @SuppressWarnings("NullAway.Init")
  private Context context;

  /** Given by {@code Helm} before the command runs. */
  public final void use(Context given) {
    this.context = given;
  }

  @Override
  public final Integer call() throws Exception {
    return run().code();
  }

  /** Runs without a parsed command line: every option has its field's value. */
  public final Integer callBare(boolean withJson) throws Exception {
    json = withJson;
    return call();
  }

  /** Does the work; a {@link dev.helm.cli.Failure} says what cannot be done. */
  protected abstract ExitCode run() throws Exception;

  protected final Context context() {
    return context;
  }

  protected final Out out() {
    return context.out();
  }

  protected final HelmClient client() {
    return context.client();
  }

  /** Tells the person something that names commands, each as this person calls it. */
  protected final void advise(String text) {
    out().say(context.env().hint(text));
  }

  /** Prints the answer as it is for {@code --json}, else the given line. */
  protected final ExitCode print(Reply reply, String line) {
    out().line(json ? reply.json() : line);
    return ExitCode.DONE;
  }
}
