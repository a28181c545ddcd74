package dev.helm.cli.launch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A HELM_HOME for one test, with a short path, and what was said while it was used. */
final class TinyHome implements AutoCloseable {
  static final Map<String, String> ENV = Map.of("PATH", "/usr/bin:/bin");
  final HelmHome home;
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  final Progress progress = new Progress(new PrintStream(said, true, StandardCharsets.UTF_8));

  TinyHome() throws IOException {
    home = new HelmHome(Files.createTempDirectory(Path.of("/tmp"), "hl"));
    Files.createDirectory(home.run());
    Files.createDirectory(home.keys());
    Files.createDirectory(home.logs());
  }

  String said() {
    return said.toString(StandardCharsets.UTF_8);
  }

  Supervisor supervisor() {
    return new Supervisor(home, progress, () -> {});
  }

  /** A shell script that appends words to a file of its own when it starts and when it is ended. */
  ProcessSpec script(String name, String body) {
    return ProcessSpec.of(
            name, List.of("/bin/bash", "-c", body), ENV, new Readiness.OutputLine("ready"))
        .withTimes(10_000, 5_000);
  }

  /** Says ready, waits, and writes its name to {@code order} when it gets SIGTERM. */
  ProcessSpec polite(String name) {
    Path order = home.root().resolve("order");
    return script(
        name,
        "trap 'echo %s >> %s; exit 0' TERM; echo ready; while true; do sleep 0.05; done"
            .formatted(name, order));
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> all = Files.walk(home.root())) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
