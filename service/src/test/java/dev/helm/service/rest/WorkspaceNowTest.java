package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.activities.workspace.WorkspacePath;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A workspace that moves into a container while somebody reads it. */
class WorkspaceNowTest {
  @TempDir Path home;
  @TempDir Path slot;

  private WorkspaceFiles place = WorkspaceFiles.at(Path.of("/unset"));

  private static List<String> names(WorkspaceFiles at) throws WorkspaceException {
    return at.list(WorkspacePath.of("."), 100).stream().map(WorkspaceFiles.Entry::name).toList();
  }

  @Test
  void whatWasLeftWhileItWasReadIsReadAgainWhereItIs() throws Exception {
    Files.writeString(slot.resolve("a"), "");
    Files.writeString(slot.resolve("b"), "");
    Files.writeString(home.resolve("b"), "");
    place = WorkspaceFiles.at(home);
    List<List<String>> closed = new ArrayList<>();
    List<String> read =
        WorkspaceNow.still(
            () -> place,
            at -> {
              List<String> names = names(at);
              // Its files are deleted one by one as the slot has them all.
              place = WorkspaceFiles.at(slot);
              return names;
            },
            closed::add);
    assertThat(read).containsExactlyInAnyOrder("a", "b");
    assertThat(closed).containsExactly(List.of("b"));
  }

  @Test
  void whatIsNowhereIsNotFound() {
    place = WorkspaceFiles.at(home.resolve("gone"));
    assertThatThrownBy(() -> WorkspaceNow.still(() -> place, WorkspaceNowTest::names, names -> {}))
        .isInstanceOf(WorkspaceException.class);
  }
}
