package dev.helm.cli.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RotatingLogTest {
  @TempDir Path folder;

  @Test
  void keepsTheNewestLinesWithinItsBounds() throws Exception {
    Path file = folder.resolve("a.log");
    try (RotatingLog log = new RotatingLog(file, 100, 2)) {
      for (int i = 0; i < 100; i++) {
        log.line("line %04d".formatted(i));
      }
      assertThat(log.tail()).hasSize(40).last().isEqualTo("line 0099");
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("a.log", "a.log.1", "a.log.2");
    }
    assertThat(Files.size(file)).isLessThanOrEqualTo(100);
    assertThat(Files.size(folder.resolve("a.log.1"))).isLessThanOrEqualTo(100);
    assertThat(Files.readString(file)).endsWith("line 0099\n");
  }

  @Test
  void goesOnWhereAFormerLifeEnded() throws Exception {
    Path file = folder.resolve("b.log");
    new RotatingLog(file, 1_000, 2).line("before");
    new RotatingLog(file, 1_000, 2).line("after");
    assertThat(Files.readString(file)).isEqualTo("before\nafter\n");
  }

  @Test
  void aFolderThatIsGoneCostsLinesOnly() {
    RotatingLog log = new RotatingLog(folder.resolve("none").resolve("c.log"), 10, 1);
    log.line("lost");
    assertThat(log.tail()).containsExactly("lost");
  }
}
