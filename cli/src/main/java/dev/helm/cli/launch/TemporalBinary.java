package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/** The Temporal program, where the user that runs it can reach it. */
final class TemporalBinary {
  private TemporalBinary() {}

  /** The program itself or, where its folder is closed to user helm, a copy in HELM_HOME/app. */
  static Path usable(Path binary, Settings settings, @Nullable SystemUsers users)
      throws LaunchException {
    if (!Files.isExecutable(binary)) {
      throw new LaunchException(
          "The Temporal server " + binary + " is not there or cannot be run.",
          "Start Helm with ./helm, which builds it, or set TEMPORAL_ADDRESS to a server of yours.");
    }
    if (users == null || (HomePreparation.closedAbove(binary).isEmpty() && openToAll(binary))) {
      return binary;
    }
    Path copy = settings.home().app().resolve(settings.build()).resolve("temporal");
    try {
      if (!Files.exists(copy) || Files.size(copy) != Files.size(binary)) {
        Files.copy(binary, copy, StandardCopyOption.REPLACE_EXISTING);
      }
      Files.setAttribute(copy, "unix:mode", 0755);
      return copy;
    } catch (IOException e) {
      throw new LaunchException(
          "The Temporal server could not be copied to " + copy + ": " + e.getMessage(),
          "Look at the free disk space.");
    }
  }

  private static boolean openToAll(Path binary) {
    try {
      return ((Integer) Files.getAttribute(binary, "unix:mode") & 0005) == 0005;
    } catch (IOException e) {
      return false;
    }
  }
}
