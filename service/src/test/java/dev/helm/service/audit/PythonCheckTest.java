package dev.helm.service.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program in docs/audit.md checks an export. */
@Timeout(120)
class PythonCheckTest {
  @Test
  void anotherLanguageChecksAnExport(@TempDir Path home) throws Exception {
    String page = Files.readString(Path.of("..", "docs", "audit.md"));
    int from = page.indexOf("```python\n") + 10;
    Path program = home.resolve("check.py");
    Files.writeString(program, page.substring(from, page.indexOf("```", from)));
    try (Sealed sealed = new Sealed(home)) {
      Path file = sealed.export(sealed.run(new Random(4), 40, true));
      Process python =
          new ProcessBuilder("python3", program.toString(), file.toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(python.waitFor()).as(said).isZero();
      assertThat(said).contains("events verified");
    }
  }
}
