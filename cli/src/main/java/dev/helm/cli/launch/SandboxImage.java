package dev.helm.cli.launch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The image that containers are made from; the launcher script builds it once an engine answers.
 * {@link #end} may come from another thread at any moment.
 */
final class SandboxImage {
  private static final int MAX_ANSWER_BYTES = 65_536;
  private static final int PATIENCE_S = 10;

  private final Path launcher;
  private final PrintStream words;
  private @Nullable Process script;
  private volatile boolean ended;

  /** Shows the script's words here until {@link #end}. */
  SandboxImage(Path launcher, PrintStream words) {
    this.launcher = launcher;
    this.words = words;
  }

  /** The image's id in this engine; empty when it cannot be had, which the script has explained. */
  Optional<String> ensure(String dockerHost) throws IOException, InterruptedException {
    Process running;
    // In a session of its own: Ctrl-C must reach it through end() alone, or it would be taken for
    // a failed build by a launcher that does not know of the Ctrl-C yet.
    synchronized (this) {
      if (ended) {
        return Optional.empty();
      }
      running =
          new ProcessBuilder(
                  List.of(
                      "/usr/bin/setsid", "/bin/bash", launcher.toString(), "__image", dockerHost))
              .start();
      script = running;
    }
    running.getOutputStream().close();
    Thread copying = Thread.ofVirtual().start(() -> copyWords(running));
    byte[] said = running.getInputStream().readNBytes(MAX_ANSWER_BYTES);
    int code = running.waitFor();
    copying.join();
    List<String> lines = new String(said, StandardCharsets.UTF_8).lines().toList();
    return code != 0 || lines.isEmpty()
        ? Optional.empty()
        : Optional.of(lines.getLast().strip()).filter(id -> id.matches("sha256:[0-9a-f]{64}"));
  }

  /** Ends the script with all that it started, and waits for that; nothing of it is shown more. */
  void end() {
    Process running;
    synchronized (this) {
      ended = true;
      running = script;
    }
    if (running == null || !running.isAlive()) {
      return;
    }
    // The script first: else it may see a step fail and begin the next before its own signal comes.
    List<ProcessHandle> all =
        Stream.concat(Stream.of(running.toHandle()), running.descendants()).toList();
    all.forEach(ProcessHandle::destroy);
    try {
      if (!running.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
        Stream.concat(running.descendants(), all.stream()).forEach(ProcessHandle::destroyForcibly);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void copyWords(Process running) {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(running.getErrorStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!ended) {
          words.println(line);
          words.flush();
        }
      }
    } catch (IOException e) {
      return; // the script was ended while it spoke
    }
  }
}
