package dev.helm.service.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A benchmark in a JVM of its own, so that no row warms or dirties another. */
final class Program {
  private Program() {}

  /** Runs a main class from the checkout's test classes; everything it printed. */
  static String run(Path checkout, String module, String main, String... arguments)
      throws IOException, InterruptedException {
    Path target = checkout.resolve(module).resolve("target");
    List<String> places =
        List.of(
            target.resolve("test-classes").toString(),
            target.resolve("classes").toString(),
            Files.readString(target.resolve("test.cp")).strip());
    List<String> argv = new ArrayList<>();
    argv.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    argv.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC"));
    argv.addAll(List.of("--add-opens", "java.base/sun.nio.ch=ALL-UNNAMED"));
    argv.addAll(List.of("-cp", String.join(File.pathSeparator, places), main));
    argv.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(argv)
            .directory(checkout.resolve(module).toFile())
            .redirectError(checkout.resolve("target/helm/logs/bench-rows.log").toFile())
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(main + " failed; see target/helm/logs/bench-rows.log\n" + out);
    }
    return out;
  }

  /** The last line that is a JSON object; a library's log may stand around it. */
  static JsonNode json(String out) throws IOException {
    List<String> objects = out.lines().filter(line -> line.startsWith("{")).toList();
    if (objects.isEmpty()) {
      throw new IOException("the program printed no figures:\n" + out);
    }
    return new ObjectMapper().readTree(objects.getLast());
  }
}
