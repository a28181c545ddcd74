package dev.helm.cli.launch;

import java.io.IOException;
import java.util.List;

/** Removes the containers of one installation: those that mount its slots. */
final class Containers {
  private Containers() {}

  /** Removes all; an engine that does not answer is told of and not waited for. */
  static void removeAll(String dockerHost, HelmHome home, Progress progress) {
    EngineApi engine = new EngineApi(dockerHost);
    try {
      List<String> ids = engine.containersMounting(home.root().resolve("slots"));
      for (String id : ids) {
        engine.remove(id);
      }
      if (!ids.isEmpty()) {
        progress.done("removed · " + ids.size() + (ids.size() == 1 ? " container" : " containers"));
      }
    } catch (IOException e) {
      progress.failed("containers · not removed · " + e.getMessage());
    }
  }
}
