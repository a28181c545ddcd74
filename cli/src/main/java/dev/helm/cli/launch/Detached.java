package dev.helm.cli.launch;

import dev.helm.cli.launch.RunState.Phase;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Starts the same command again in a session of its own, and waits until that is ready. */
final class Detached {
  private static final Path SETSID = Path.of("/usr/bin/setsid");
  private static final long MAX_LOG_BYTES = 10L << 20;
  private static final int PAUSE_MS = 100;

  private Detached() {}

  /**
   * Returns 0 when everything is ready, or was already; 1 with the other's words when it failed.
   */
  static int start(Settings settings, PrintStream err)
      throws LaunchException, InterruptedException {
    Optional<RunState> running =
        RunState.read(settings.home().stateFile()).filter(RunState::launcherAlive);
    if (running.isPresent() && running.get().phase() == Phase.HEALTHY) {
      new Progress(err).done("already running · http://127.0.0.1:" + running.get().port());
      String export = Welcome.export(settings, running.get().port());
      if (!export.isEmpty()) {
        err.println(export);
      }
      return 0;
    }
    Checks.beforeNewHome(settings);
    Launch.prepare(settings);
    Path log = settings.home().log("launcher");
    try {
      long from = Files.exists(log) && Files.size(log) < MAX_LOG_BYTES ? Files.size(log) : 0;
      if (from == 0) {
        Files.deleteIfExists(log);
      }
      Process other =
          new ProcessBuilder(again())
              .redirectInput(new File("/dev/null"))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      return follow(settings, other, log, from, err);
    } catch (IOException e) {
      throw new LaunchException(
          "Helm could not be started in the background: " + e.getMessage(),
          "Start it with 'helm up' and look at what it says.");
    }
  }

  private static int follow(Settings settings, Process other, Path log, long from, PrintStream err)
      throws IOException, InterruptedException {
    long at = from;
    while (true) {
      boolean alive = other.isAlive();
      boolean healthy =
          RunState.read(settings.home().stateFile())
              .filter(state -> state.launcher().pid() == other.pid())
              .filter(state -> state.phase() == Phase.HEALTHY)
              .isPresent();
      at = copy(log, at, err);
      if (healthy) {
        Thread.sleep(PAUSE_MS); // its last words
        copy(log, at, err);
        return 0;
      }
      if (!alive) {
        return 1;
      }
      Thread.sleep(PAUSE_MS);
    }
  }

  private static long copy(Path log, long from, PrintStream err) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      file.seek(from);
      byte[] news = new byte[(int) Math.min(65_536, Math.max(0, file.length() - from))];
      int count = file.read(news);
      if (count > 0) {
        err.write(news, 0, count);
        err.flush();
      }
      return from + Math.max(0, count);
    }
  }

  private static List<String> again() throws LaunchException {
    ProcessHandle.Info self = ProcessHandle.current().info();
    String[] arguments = self.arguments().orElse(new String[0]);
    if (self.command().isEmpty() || arguments.length == 0) {
      throw new LaunchException(
          "This system does not tell a program its own command line.", "Use 'helm up &' instead.");
    }
    List<String> line = new ArrayList<>();
    if (Files.isExecutable(SETSID)) {
      line.add(SETSID.toString());
    }
    line.add(self.command().get());
    for (String argument : arguments) {
      if (!argument.equals("--detach") && !argument.equals("-d")) {
        line.add(argument);
      }
    }
    return line;
  }
}
