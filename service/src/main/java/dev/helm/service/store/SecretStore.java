package dev.helm.service.store;

import dev.helm.activities.secret.Secrets;
import dev.helm.api.Secret;
import dev.helm.api.rest.SecretBodies;
import java.util.List;

/** Secrets of projects as people look after them. */
public interface SecretStore extends Secrets {
  /** Most secrets of one project. */
  int OF_PROJECT_MAX = 200;

  /** Whether the project has this secret. */
  boolean has(String project, String name);

  /**
   * Sets a value, over an older one if there is one.
   *
   * @throws TooManyException when the project has {@link #OF_PROJECT_MAX} others
   */
  SecretBodies.SecretInfo set(String project, String name, Secret value, String by);

  /** Takes a value away for good; false when there was none. */
  boolean remove(String project, String name, String by);

  /** Those of the projects that are seen, with who set them and when; never a value. */
  List<SecretBodies.SecretInfo> list(Access access);

  /** There are too many secrets in the project. */
  final class TooManyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooManyException() {
      super("at most " + OF_PROJECT_MAX + " secrets in a project");
    }
  }
}
