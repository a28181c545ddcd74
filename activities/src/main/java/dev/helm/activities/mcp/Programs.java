package dev.helm.activities.mcp;

import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.McpServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which image and program a server is that runs in a container of its own. */
@FunctionalInterface
public interface Programs {
  /**
   * What to start.
   *
   * @param imageId {@code sha256:…}, null for the default image
   * @param argv program and arguments
   * @param env what the image's author set
   */
  record Program(@Nullable String imageId, List<String> argv, Map<String, String> env) {
    public Program {
      argv = List.copyOf(argv);
      env = Map.copyOf(env);
    }
  }

  /**
   * The program of a server; may take minutes while an image is made.
   *
   * @throws IllegalStateException it cannot be had, in words that say why
   */
  Program of(Runs.Info run, McpServer server);

  /** Only what the default image has. */
  static Programs inDefaultImage() {
    return (run, server) -> {
      if (server.recipe() != null || server.image() != null) {
        throw new IllegalStateException("no images of packages can be made here");
      }
      List<String> argv = new ArrayList<>(server.command());
      argv.addAll(server.args());
      return new Program(null, argv, Map.of());
    };
  }
}
