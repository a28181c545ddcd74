package dev.helm.cli.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real scripts in place of the launcher's. */
class SandboxImageTest {
  private final ByteArrayOutputStream words = new ByteArrayOutputStream();

  @Test
  void givesTheIdAndShowsTheWords(@TempDir Path temp) throws Exception {
    String id = "sha256:" + "a".repeat(64);
    SandboxImage image = image(temp, "echo building >&2; echo " + id);
    assertThat(image.ensure("unix:///none")).contains(id);
    assertThat(said()).isEqualTo("building\n");
  }

  @Test
  void anEndInTheMiddleEndsTheChildrenAndIsSilent(@TempDir Path temp) throws Exception {
    Path pid = temp.resolve("pid");
    SandboxImage image =
        image(
            temp,
            "trap 'exit 143' TERM; (echo $BASHPID > %s; exec sleep 300)".formatted(pid)
                + "; echo failed >&2; echo next >> %s".formatted(temp.resolve("next")));
    CompletableFuture<Optional<String>> result =
        CompletableFuture.supplyAsync(() -> ensured(image));
    Until.holds("it builds", () -> Files.exists(pid) && Files.size(pid) > 0);
    long child = Long.parseLong(Files.readString(pid).strip());
    image.end();
    assertThat(result.get(10, TimeUnit.SECONDS)).isEmpty();
    Until.holds(
        "no child is left",
        () -> !ProcessHandle.of(child).map(ProcessHandle::isAlive).orElse(false));
    assertThat(said()).isEmpty();
    assertThat(temp.resolve("next")).doesNotExist();
    assertThat(image.ensure("unix:///none")).isEmpty();
  }

  private SandboxImage image(Path temp, String body) throws Exception {
    Path script = Files.writeString(temp.resolve("launcher"), body + "\n");
    return new SandboxImage(script, new PrintStream(words, true, StandardCharsets.UTF_8));
  }

  private String said() {
    return words.toString(StandardCharsets.UTF_8);
  }

  private static Optional<String> ensured(SandboxImage image) {
    try {
      return image.ensure("unix:///none");
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
