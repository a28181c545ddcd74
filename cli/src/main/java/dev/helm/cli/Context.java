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
  /** A client that gives up at once when nothing listens. */
  public HelmClient client() {
    return HelmClient.of(env);
  }
}
