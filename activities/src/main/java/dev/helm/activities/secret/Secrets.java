package dev.helm.activities.secret;

import dev.helm.api.Secret;
import org.jspecify.annotations.Nullable;

/** The secrets of projects. A value leaves only here, for the one place that needs it. */
public interface Secrets {
  /**
   * The present value, or null when the project has no such secret.
   *
   * @throws UnreadableException when it is there and cannot be opened
   */
  @Nullable Secret get(String project, String name);

  /** Takes the values of the project's secrets out of texts, as they are now. */
  Scrubber scrubber(String project);

  /**
   * Takes another value out of the project's texts from now on: one that a secret was changed for.
   *
   * @param name as {@code [secret NAME]} stands in its place
   * @param untilMs when it is worth nothing any more, milliseconds since 1970
   */
  void hide(String project, String name, Secret value, long untilMs);

  /** A project without secrets. */
  static Secrets none() {
    return new Secrets() {
      @Override
      public @Nullable Secret get(String project, String name) {
        return null;
      }

      @Override
      public Scrubber scrubber(String project) {
        return Scrubber.NONE;
      }

      @Override
      public void hide(String project, String name, Secret value, long untilMs) {
        // There is nothing to change for a token.
      }
    };
  }

  /** A secret that was sealed with another key, or was changed on the disk. */
  final class UnreadableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** With what to do. */
    public UnreadableException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
