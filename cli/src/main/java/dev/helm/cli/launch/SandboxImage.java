package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The image that containers are made from; the launcher script builds it once an engine answers.
 */
final class SandboxImage {
  private static final int MAX_ANSWER_BYTES = 65_536;

  private SandboxImage() {}

  /** The image's id in this engine; empty when it cannot be had, which the script has explained. */
  static Optional<String> ensure(Path launcher, String dockerHost)
      throws IOException, InterruptedException {
    Process script =
        new ProcessBuilder(List.of("/bin/bash", launcher.toString(), "__image", dockerHost))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    script.getOutputStream().close();
    byte[] said = script.getInputStream().readNBytes(MAX_ANSWER_BYTES);
    int code = script.waitFor();
    List<String> lines = new String(said, StandardCharsets.UTF_8).lines().toList();
    return code != 0 || lines.isEmpty()
        ? Optional.empty()
        : Optional.of(lines.getLast().strip()).filter(id -> id.matches("sha256:[0-9a-f]{64}"));
  }
}
