package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A pid file that a killed daemon left. Daemons refuse to start, or wait long, beside one whose
 * number is taken, be it by a zombie or by a stranger.
 */
final class LeftoverPidFile {
  private static final long GONE_MS = 5_000;

  private LeftoverPidFile() {}

  /**
   * Removes the file. The process that it names is killed first if it still lives and its command
   * line names the file's folder, which tells it from a stranger with the same number.
   */
  static void clear(Path file) throws IOException, InterruptedException {
    try {
      Optional<ProcessId> process = ProcessId.of(Long.parseLong(Files.readString(file).strip()));
      if (process.isPresent() && names(process.get(), file.resolveSibling(""))) {
        kill(process.get());
      }
    } catch (NoSuchFileException e) {
      return;
    } catch (NumberFormatException e) {
      Files.deleteIfExists(file); // written half
    }
    Files.deleteIfExists(file);
  }

  private static boolean names(ProcessId process, Path folder) {
    try {
      byte[] line = Files.readAllBytes(Path.of("/proc", "" + process.pid(), "cmdline"));
      return new String(line, StandardCharsets.UTF_8).contains(folder + "/");
    } catch (IOException e) {
      return false;
    }
  }

  private static void kill(ProcessId process) throws InterruptedException {
    long deadline = System.nanoTime() + GONE_MS * 1_000_000;
    process.end(true);
    while (process.alive() && System.nanoTime() < deadline) {
      Thread.sleep(10);
    }
  }
}
