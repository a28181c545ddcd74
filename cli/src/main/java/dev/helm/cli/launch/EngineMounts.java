package dev.helm.cli.launch;

import dev.helm.cli.launch.disk.Mounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/**
 * The mounts that a killed engine leaves in its data folder. An engine that is started again does
 * not take them down at its end, and the folder could not be removed.
 */
final class EngineMounts {
  private static final Path UMOUNT = Path.of("/usr/bin/umount");

  private EngineMounts() {}

  /** Takes them down, the deepest first; for when the engine has ended. Only root can. */
  static void clear(HelmHome home, Progress progress) {
    if (Account.ownUid() != 0 || !Files.isExecutable(UMOUNT)) {
      return;
    }
    try {
      List<Path> deepestFirst =
          Mounts.within(home.engine()).stream()
              .sorted(Comparator.comparing(Path::getNameCount).reversed())
              .toList();
      for (Path mount : deepestFirst) {
        new ProcessBuilder(UMOUNT.toString(), "--lazy", "--", mount.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
      }
    } catch (IOException e) {
      progress.failed("engine · its mounts stay: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
