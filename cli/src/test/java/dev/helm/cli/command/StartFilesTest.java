package dev.helm.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.http.Json;
import dev.helm.cli.testing.Story;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import dev.helm.cli.testing.TestService.Answer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code helm start --files DIR}. */
@Timeout(60)
class StartFilesTest {
  private final TestService service = new TestService();
  private Terminal terminal;

  @TempDir Path home;
  @TempDir Path folder;

  @BeforeEach
  void begin() {
    terminal = new Terminal(home, service.url());
    String run = Json.write(Map.of("id", Story.RUN, "name", "x", "status", "queued"));
    service.on("POST /api/runs", _ -> new Answer(201, run));
  }

  @AfterEach
  void end() {
    service.close();
  }

  @Test
  void everyFileIsSentByItsPathBelowTheFolder() throws Exception {
    Files.createDirectories(folder.resolve("a/b"));
    Files.writeString(folder.resolve("a/b/in.csv"), "x,y\n");
    Files.write(folder.resolve("tool"), new byte[] {0, (byte) 255});
    Files.setPosixFilePermissions(
        folder.resolve("tool"), PosixFilePermissions.fromString("rwxr-xr-x"));
    Path link = Files.createSymbolicLink(home.resolve("link"), folder);
    for (Path named : java.util.List.of(folder, link)) {
      assertThat(terminal.helm("start", "q1", "--files", named.toString())).isZero();
      assertThat(service.asked("POST /api/runs").getLast().body())
          .isEqualTo(
              "{\"blueprint\":\"q1\",\"files\":[{\"content\":\"%s\",\"path\":\"a/b/in.csv\"},"
                      .formatted(
                          Base64.getEncoder()
                              .encodeToString(
                                  "x,y\n".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                  + "{\"content\":\"AP8=\",\"executable\":true,\"path\":\"tool\"}]}");
    }
  }

  @Test
  void whatIsNoPlainFileOrTooMuchIsRefusedBeforeAnythingIsSent() throws Exception {
    assertThat(terminal.helm("start", "q1", "--files", folder + "/none")).isEqualTo(2);
    Path link = Files.createSymbolicLink(folder.resolve("out"), Path.of("/etc/passwd"));
    assertThat(terminal.helm("start", "q1", "--files", folder.toString())).isEqualTo(2);
    Files.delete(link);
    Files.write(folder.resolve("big"), new byte[(int) FolderFiles.BYTES_MAX + 1]);
    assertThat(terminal.helm("start", "q1", "--files", folder.toString())).isEqualTo(2);
    assertThat(terminal.words()).anyMatch(line -> line.contains("git clone"));
    Files.delete(folder.resolve("big"));
    for (int i = 0; i <= FolderFiles.FILES_MAX; i++) {
      Files.createFile(folder.resolve("f" + i));
    }
    assertThat(terminal.helm("start", "q1", "--files", folder.toString())).isEqualTo(2);
    assertThat(service.asked("POST /api/runs")).isEmpty();
  }
}
