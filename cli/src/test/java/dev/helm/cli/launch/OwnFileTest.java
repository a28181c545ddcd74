package dev.helm.cli.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.helm.cli.launch.RunState.ChildState;
import dev.helm.cli.launch.RunState.Phase;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Names that another user has planted where the launcher writes and reads. */
@Timeout(30)
final class OwnFileTest {
  /** Every Debian has this user: {@code daemon}. */
  private static final int OTHER = 1;

  private TinyHome tiny;
  private Path config;

  @BeforeEach
  void open() throws Exception {
    tiny = new TinyHome();
    config = tiny.home.root().resolve("config.yml");
  }

  @AfterEach
  void close() throws Exception {
    tiny.close();
  }

  @Test
  void aPlantedLinkIsReplacedAndItsTargetStays() throws Exception {
    Path target = Files.writeString(tiny.home.root().resolve("passwd"), "before");
    Path link = Files.createSymbolicLink(tiny.home.run().resolve("engine.json"), target);
    // The same attack where nothing guards: the target is overwritten.
    Path bare = Files.writeString(tiny.home.root().resolve("bare"), "before");
    Files.writeString(Files.createSymbolicLink(tiny.home.run().resolve("l"), bare), "{}");
    assertThat(bare).hasContent("{}");

    OwnFile.write(link, "{}", "rw-r--r--");
    assertThat(target).hasContent("before");
    assertThat(link).isRegularFile().hasContent("{}");
    assertThat(Files.isSymbolicLink(link)).isFalse();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(link)))
        .isEqualTo("rw-r--r--");
    try (var left = Files.list(tiny.home.run())) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("engine.json", "l");
    }
  }

  @Test
  void aForeignFileIsReplacedByOneOfOurs() throws Exception {
    Path file = foreign(tiny.home.run().resolve("engine.json"), "{\"hosts\":[\"tcp://0.0.0.0\"]}");
    OwnFile.write(file, "{}", "rw-r--r--");
    assertThat(file).hasContent("{}");
    assertThat(Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS)).isEqualTo(0);
  }

  @Test
  void linksPipesFoldersAndLargeFilesAreNotRead() throws Exception {
    assertThat(OwnFile.read(config)).isEmpty();
    Files.createSymbolicLink(config, Path.of("/etc/hostname"));
    assertThatThrownBy(() -> OwnFile.read(config)).hasMessageContaining("not a regular file");
    Files.delete(config);
    Files.createDirectory(config);
    assertThatThrownBy(() -> OwnFile.read(config)).hasMessageContaining("not a regular file");
    Files.delete(config);
    pipe(config);
    assertThatThrownBy(() -> OwnFile.read(config)).hasMessageContaining("not a regular file");
    Files.delete(config);
    Files.write(config, new byte[(64 << 10) + 1]);
    assertThatThrownBy(() -> OwnFile.read(config)).hasMessageContaining("larger than 64 KiB");
    Files.write(config, new byte[64 << 10]);
    assertThat(OwnFile.read(config)).isPresent();
    foreign(config, "{}");
    assertThatThrownBy(() -> OwnFile.read(config)).hasMessageContaining("belongs to root");
  }

  @Test
  void thePidsOfAForeignStateFileAreNotBelieved() throws Exception {
    ProcessId self = ProcessId.self();
    RunState state =
        new RunState(
            "0.1.0",
            Phase.HEALTHY,
            ProcessId.boot(),
            new ProcessId(1, 1),
            4356,
            "",
            false,
            true,
            List.of(new ChildState("worker", self, 0)));
    Path file = tiny.home.stateFile();
    state.write(file);
    assertThat(RunState.read(file)).contains(state);
    foreign(file, Files.readString(file));
    assertThat(RunState.read(file)).isEmpty();
    Settings settings = settings();
    Shutdown.run(settings, tiny.progress);
    assertThat(tiny.said()).contains("not believed").contains("nothing to stop");
  }

  @Test
  void theDemoWritesThroughNoLinkAndWaitsForNoPipe() throws Exception {
    Path site = Files.createDirectory(tiny.home.root().resolve("site"));
    Files.createDirectory(site.resolve("shop"));
    Settings settings = settings().withDemoSite(site);
    Path target = tiny.home.root().resolve("target");
    Files.createSymbolicLink(config, target);
    assertThatThrownBy(() -> DemoConfig.write(settings, null))
        .hasMessageContaining("not a regular file");
    assertThat(target).doesNotExist();
    Files.delete(config);
    pipe(config);
    assertThatThrownBy(() -> DemoConfig.write(settings, null))
        .hasMessageContaining("not a regular file");
    assertThat(DemoConfig.served(settings)).isEqualTo(settings);
    Files.delete(config);
    DemoConfig.write(settings, null);
    assertThat(Files.readString(config)).contains("shop.demo.test", "publish:");
    assertThat(tiny.home.root().resolve("published/status")).isEmptyDirectory();
    DemoConfig.write(settings, null);
    Files.writeString(config, "sandbox: {}\n");
    DemoConfig.write(settings, null);
    assertThat(config).hasContent("sandbox: {}\n");
  }

  private Settings settings() throws Exception {
    return Settings.read(Map.of(), tiny.home.root(), null);
  }

  private static Path foreign(Path file, String text) throws Exception {
    assumeTrue(Account.ownUid() == 0, "needs root, to give a file away");
    Files.writeString(file, text);
    Files.setAttribute(file, "unix:uid", OTHER);
    return file;
  }

  private static void pipe(Path path) throws Exception {
    assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
  }
}
