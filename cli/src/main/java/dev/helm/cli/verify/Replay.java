package dev.helm.cli.verify;

import dev.helm.cli.Env;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Has the archived histories run again by the workflow's code. That code is in the backend's jars,
 * which the terminal program does not load; the launcher says where they are.
 */
public final class Replay {
  private static final String PROGRAM = "dev.helm.workflows.replay.ReplayMain";
  private static final int LINE_CHARS_MAX = 1 << 20;

  private final String java;
  private final String classPath;

  private Replay(String java, String classPath) {
    this.java = java;
    this.classPath = classPath;
  }

  /**
   * Of the launcher's surroundings.
   *
   * @throws Failure when there are no backend jars
   */
  public static Replay of(Env env) {
    String classPath = env.get("HELM_BACKEND_CP");
    if (classPath.isEmpty()) {
      throw Failure.usage(
          "The workflow's code is not here to replay with.",
          "Start it with the launcher of a checkout: ./helm verify FILE --replay");
    }
    String home = env.get("HELM_JAVA_HOME");
    return new Replay(home.isEmpty() ? "java" : home + "/bin/java", classPath);
  }

  /** Replays and adds what is found. */
  public void run(Path bundle, Report report) {
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                java,
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "-Dlogback.configurationFile=dev/helm/workflows/replay/logback.xml",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                classPath,
                PROGRAM,
                bundle.toAbsolutePath().toString()));
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      boolean ended = false;
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
          ended |= take(line, report);
        }
      }
      int exit = process.waitFor();
      if (!ended || exit > 1) {
        throw new Failure(
            ExitCode.FAILED,
            "The replay program ended with exit code " + exit + " and without a result.",
            "Build again with ./helm build; HELM_DEBUG=1 shows more.");
      }
    } catch (IOException e) {
      throw new Failure(
          ExitCode.FAILED, "The replay program cannot be started: " + e.getMessage(), "", "", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.FAILED, "Interrupted.", "", "", e);
    }
  }

  /** One line of the program; whether it was its last. */
  private static boolean take(String line, Report report) {
    if (line.length() > LINE_CHARS_MAX) {
      return false;
    }
    Map<String, Object> said;
    try {
      said = Json.object(line);
    } catch (IllegalArgumentException e) {
      return false;
    }
    String text = String.valueOf(said.get("text"));
    long seq = said.get("seq") instanceof Number number ? number.longValue() : 0;
    switch (String.valueOf(said.get("kind"))) {
      case "fault" -> report.fault("replay", seq, text);
      case "note" -> report.note(text);
      case "checked" -> report.checked(text);
      case "end" -> {
        return true;
      }
      default -> report.note("the replay program said something unknown");
    }
    return false;
  }
}
