package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The image's base from a registry: fetched by the engine and compared with its digest. The
 * registry stands on loopback and speaks the real protocol.
 */
@Tag("engine")
@Timeout(300)
final class BaseImageTest {
  private static final Path SCRIPT = Path.of("image", "build-rootfs.sh").toAbsolutePath();

  @TempDir Path temp;
  private TestEngine machine;

  private record Said(int code, String words) {}

  @BeforeEach
  void open() throws IOException {
    machine = TestEngine.open(0, List.of());
  }

  @AfterEach
  void close() throws IOException {
    if (machine != null) {
      machine.close();
    }
  }

  @Test
  void thePinnedBytesAreUnpacked() throws Exception {
    try (TinyRegistry registry = new TinyRegistry(tar("as it was"))) {
      Path out = temp.resolve("out");
      Said said = base(registry.reference(), out);
      assertThat(said.code()).as(said.words()).isZero();
      assertThat(out.resolve("etc/word")).hasContent("as it was");
    }
  }

  @Test
  void aChangedByteInTheLayerIsRefused() throws Exception {
    refused("layer", TinyRegistry::changeLayer);
  }

  @Test
  void aChangedByteInTheManifestIsRefused() throws Exception {
    refused("manifest", TinyRegistry::changeManifest);
  }

  @Test
  void aChangedByteInTheConfigurationIsRefused() throws Exception {
    refused("configuration", TinyRegistry::changeConfiguration);
  }

  @Test
  void anImageWithoutADigestIsRefused() throws Exception {
    try (TinyRegistry registry = new TinyRegistry(tar("anything"))) {
      Said said = base(registry.unpinned(), temp.resolve("out"));
      assertThat(said.code()).isNotZero();
      assertThat(said.words()).contains("is not pinned").contains("@sha256:");
    }
  }

  private void refused(String what, Consumer<TinyRegistry> change) throws Exception {
    // Each has bytes of its own, or the engine would take them from what it has.
    try (TinyRegistry registry = new TinyRegistry(tar("for " + what + " " + System.nanoTime()))) {
      change.accept(registry);
      Path out = temp.resolve("out");
      Said said = base(registry.reference(), out);
      assertThat(said.code()).isNotZero();
      assertThat(said.words()).contains("could not be fetched");
      assertThat(out).doesNotExist();
    }
  }

  /** A root file system as small as one can be. */
  private byte[] tar(String word) throws Exception {
    Path root = Files.createDirectories(temp.resolve("root/etc"));
    Files.writeString(root.resolve("word"), word);
    Path tar = temp.resolve("layer.tar");
    Process process =
        new ProcessBuilder("tar", "-C", temp.resolve("root").toString(), "-cf", tar.toString(), ".")
            .inheritIO()
            .start();
    assertThat(process.waitFor()).isZero();
    return Files.readAllBytes(tar);
  }

  private Said base(String image, Path out) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder("/bin/bash", SCRIPT.toString(), "--base", out.toString())
            .redirectErrorStream(true);
    builder.environment().put("HELM_BASE", "registry");
    builder.environment().put("HELM_BASE_IMAGE", image);
    builder.environment().put("DOCKER_HOST", machine.settings.engine().toString());
    Path client = Path.of("/usr/bin/docker");
    assumeTrue(Files.isExecutable(client), "needs the engine's own client");
    builder.environment().put("HELM_DOCKER", client.toString());
    Process process = builder.start();
    String words = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(200, TimeUnit.SECONDS)).isTrue();
    return new Said(process.exitValue(), words);
  }
}
