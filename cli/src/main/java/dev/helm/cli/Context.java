package dev.helm.cli;

import dev.helm.cli.http.HelmClient;
import java.io.InputStream;

/**
 * What every command works with.
 *
 * @param env surroundings
 * @param out outputs
 * @param in standard input
 */
public record Context(Env env, Out out, InputStream in) {
  /** This process's own. */
  public static Context ofProcess() {
    Env env = Env.ofProcess();
    return new Context(env, Out.ofProcess(env), System.in);
  }

  /** The same in other surroundings. */
  public Context in(Env other) {
    return new Context(other, out, in);
  }

  /** A client that gives up at once when nothing listens. */
  public HelmClient client() {
    return HelmClient.of(env);
  }
}
