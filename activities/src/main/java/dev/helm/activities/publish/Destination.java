package dev.helm.activities.publish;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.Repository;
import org.jspecify.annotations.Nullable;

/** Where files may be handed to. Only the operator says it, in {@code config.yml}. */
public sealed interface Destination {
  /** What people and the model are shown of it; never a secret. */
  String shown();

  /**
   * A folder of this machine; each call makes one new folder in it.
   *
   * @param path absolute; must be there and be no link
   */
  record Folder(Path path) implements Destination {
    @Override
    public String shown() {
      return "folder " + path;
    }
  }

  /**
   * A server that takes one signed POST.
   *
   * @param uri https, or a plain target of the operator's; its path may be secret
   * @param secret the project's secret that signs; null for the installation's own key
   */
  record Webhook(URI uri, @Nullable String secret) implements Destination {
    @Override
    public String shown() {
      return "webhook " + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    }

    @Override
    public String toString() {
      return shown();
    }
  }

  /**
   * A branch of a git repository; each call makes one commit on it.
   *
   * @param remote {@code https:} or {@code file:}, without a password
   * @param branch its short name
   * @param path where the files are put in the repository, empty for its root
   * @param user whom the secret belongs to
   * @param secret the project's secret that is the password or token; null for none
   */
  record Git(URI remote, String branch, String path, String user, @Nullable String secret)
      implements Destination {
    /** Checks the branch's name. */
    public Git {
      if (!Repository.isValidRefName(Constants.R_HEADS + branch)) {
        throw new IllegalArgumentException("\"" + branch + "\" is no branch's name");
      }
    }

    @Override
    public String shown() {
      return "git " + remote + " branch " + branch + (path.isEmpty() ? "" : " in " + path);
    }
  }

  /**
   * A destination with its name.
   *
   * @param projects whose runs may use it; empty for all
   */
  record Named(String name, Destination to, List<String> projects) {
    /** Keeps the list. */
    public Named {
      projects = List.copyOf(projects);
    }

    /** Whether runs of this project may use it. */
    public boolean open(String project) {
      return projects.isEmpty() || projects.contains(project);
    }
  }
}
