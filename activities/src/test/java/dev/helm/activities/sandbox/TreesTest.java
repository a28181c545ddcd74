package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TreesTest {
  @TempDir private Path scratch;

  /** Before this was thought of, such a run never got a container again. */
  @Test
  void aTreeDeeperThanAnyPathIsGivenAwayAndDeleted() throws Exception {
    Path tree = Files.createDirectory(scratch.resolve("tree"));
    String script =
        "touch file; n=$(printf 'deep%.0s' {1..20});"
            + " for i in {1..500}; do mkdir $n && cd -P $n || exit 1; done; touch bottom";
    Process process =
        new ProcessBuilder("/bin/bash", "-c", script)
            .directory(tree.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThatThrownBy(
            () -> {
              try (Stream<Path> all = Files.walk(tree)) {
                all.forEach(path -> {});
              }
            })
        .as("the control: a plain walk")
        .hasRootCauseInstanceOf(FileSystemException.class);

    int uid = Workspaces.serviceUid() == 0 ? 12_345 : Workspaces.serviceUid();
    Trees.own(tree, uid);
    assertThat(Files.getAttribute(tree.resolve("file"), "unix:uid")).isEqualTo(uid);
    Trees.delete(tree, scratch);
    assertThat(scratch).isEmptyDirectory();
  }
}
