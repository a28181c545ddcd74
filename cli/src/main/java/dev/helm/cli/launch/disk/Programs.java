package dev.helm.cli.launch.disk;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Calls the system's programs, by absolute path, with a deadline and without our environment. */
final class Programs {
  private static final List<Path> PLACES =
      List.of(Path.of("/usr/sbin"), Path.of("/usr/bin"), Path.of("/sbin"), Path.of("/bin"));
  private static final long DEADLINE_S = 60;
  private static final int SAID_BYTES_MAX = 4096;

  /** How a program ended. */
  record Ended(int code, String said) {}

  private Programs() {}

  /** The package of the first program that is missing; empty when all are there. */
  static List<String> missing() {
    List<String> missing = new ArrayList<>();
    for (String[] program :
        new String[][] {
          {"mkfs.ext4", "e2fsprogs"}, {"losetup", "mount"}, {"mount", "mount"}, {"umount", "mount"}
        }) {
      if (find(program[0]) == null) {
        missing.add(program[0] + " (apt-get install " + program[1] + ")");
      }
    }
    return missing;
  }

  static Ended run(String program, List<String> arguments) throws IOException {
    Path path = find(program);
    if (path == null) {
      throw new DiskRefused(program + " is missing on this machine");
    }
    List<String> line = new ArrayList<>(List.of(path.toString()));
    line.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("LANG", "C");
    builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      Thread late = Thread.startVirtualThread(() -> endLate(process));
      String said =
          new String(process.getInputStream().readNBytes(SAID_BYTES_MAX), StandardCharsets.UTF_8);
      int code = process.waitFor();
      late.interrupt();
      return new Ended(code, said.strip().replace('\n', ' '));
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while " + program + " ran", e);
    }
  }

  private static void endLate(Process process) {
    try {
      if (!process.waitFor(DEADLINE_S, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static @org.jspecify.annotations.Nullable Path find(String program) {
    return PLACES.stream()
        .map(place -> place.resolve(program))
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }
}
