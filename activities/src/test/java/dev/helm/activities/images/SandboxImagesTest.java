package dev.helm.activities.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.sandbox.ImageLab;
import dev.helm.activities.sandbox.SandboxRefused;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With a real engine and the real registries of npm and PyPI. */
@Tag("engine")
@Timeout(600)
final class SandboxImagesTest {
  private static ImageLab lab;

  @BeforeAll
  static void open() throws IOException {
    lab = ImageLab.open();
  }

  @AfterAll
  static void close() throws IOException {
    if (lab != null) {
      lab.close();
    }
  }

  @Test
  void packagesOfBothRegistriesAndFilesAreOnTopOfTheDefaultImage() throws Exception {
    List<String> packages = List.of("npm:semver@7.7.2", "pypi:charset-normalizer@3.4.2");
    ImageRecipe recipe =
        ImageRecipe.of(packages)
            .withFiles(
                Map.of(
                    "/etc/claude-code/managed-settings.json",
                    ExtraFile.text("{}"),
                    // Its own key each time: what an earlier test made is not found.
                    "/opt/helm/nonce",
                    ExtraFile.text(UUID.randomUUID().toString()),
                    "/opt/helm/gate",
                    ExtraFile.program("#!/bin/sh\necho gated\n".getBytes(StandardCharsets.UTF_8))));
    ImageChoice choice = new ImageChoice.Recipe(recipe);
    // Nobody waits for it inside a call.
    assertThatThrownBy(() -> lab.images().require(choice))
        .isInstanceOfSatisfying(
            SandboxRefused.class, e -> assertThat(e.code()).isEqualTo(SandboxImages.BUILDING))
        .hasMessageContaining(String.join(" ", packages));
    BuiltImage image = lab.images().prepare(choice).get(9, TimeUnit.MINUTES);
    assertThat(image.programs())
        .containsEntry(packages.get(0), List.of("semver"))
        .containsEntry(packages.get(1), List.of("normalizer"));
    assertThat(
            lab.says(
                image, "semver 1.2.3-beta.1; node --version; normalizer --version | head -c 23"))
        .startsWith("1.2.3-beta.1\nv" + ImageRecipe.NODE_VERSION + "\nCharset-Normalizer 3.4.");
    assertThat(
            lab.says(
                image,
                "/opt/helm/gate; cat /etc/claude-code/managed-settings.json;"
                    + " stat -c ' %U %a' /opt/helm/gate; find / -xdev -perm /6000 2>&- | wc -l"))
        .isEqualTo("gated\n{} root 755\n0\n0");
    // Once made it is found at once, by the next service too.
    assertThat(lab.again().prepare(choice).get(60, TimeUnit.SECONDS)).isEqualTo(image);
    assertThat(lab.images().require(choice)).isEqualTo(image);
    docker("image", "rm", "--force", image.id());
    // Somebody removed it: it is made anew.
    BuiltImage anew = lab.images().prepare(choice).get(9, TimeUnit.MINUTES);
    assertThat(anew.programs()).isEqualTo(image.programs());
    docker("image", "rm", "--force", anew.id());
  }

  @Test
  void whatIsNotThereIsSaidInPlainWords() {
    for (String missing :
        List.of("npm:semver@999.0.0", "npm:@helm-no-such/package@1.0.0", "pypi:click@999.0")) {
      assertThatThrownBy(
              () ->
                  lab.images()
                      .prepare(ImageChoice.of("default", List.of(missing)))
                      .get(5, TimeUnit.MINUTES))
          .cause()
          .isInstanceOfSatisfying(
              SandboxRefused.class, e -> assertThat(e.code()).isEqualTo("image"))
          .hasMessageContaining(missing.startsWith("npm") ? "npm failed" : "pip failed")
          .hasMessageContaining(missing.contains("999") ? "999.0" : "helm-no-such");
    }
    assertThatThrownBy(() -> lab.images().require(ImageChoice.of("no-such-image:1", List.of())))
        .hasMessageContaining("no image no-such-image:1")
        .hasMessageContaining("docker pull");
  }

  @Test
  void anImageOfTheOperatorsRunsTheExecutorAndLosesItsOwnRights(@TempDir Path scratch)
      throws Exception {
    Path tree = Files.createDirectories(scratch.resolve("tree/opt"));
    Files.writeString(tree.resolve("mine"), "#!/bin/sh\necho mine $GREETING\n");
    Files.setPosixFilePermissions(
        tree.resolve("mine"), PosixFilePermissions.fromString("rwxr-xr-x"));
    Path tar = scratch.resolve("rights.tar");
    run("cp", "/bin/true", tree.resolve("rights").toString());
    run("chmod", "6755", tree.resolve("rights").toString());
    run("tar", "-C", scratch.resolve("tree").toString(), "-cf", tar.toString(), "opt");
    String source =
        configured(lab.engine().layer(lab.defaultId(), tar, "helm-test-own:1", Map.of()));

    BuiltImage image =
        lab.images().prepare(ImageChoice.of(source, List.of())).get(5, TimeUnit.MINUTES);

    assertThat(image.id()).isNotEqualTo(source);
    assertThat(
            lab.says(
                image, "/opt/mine; stat -c %a /opt/rights; touch /opt/x 2>&- || echo read-only"))
        .isEqualTo("mine hello\n755\nread-only\n0");
    assertThat(lab.again().prepare(ImageChoice.of(source, List.of())).get(60, TimeUnit.SECONDS))
        .isEqualTo(image);
    docker("image", "rm", "--force", image.id(), source, "helm-test-own:1");
    assertThat(lab.images().require(ImageChoice.of(lab.defaultId(), List.of())).id())
        .isEqualTo(lab.defaultId());
  }

  /** The same image with a configuration that no container of Helm's may have. */
  private static String configured(String image) throws Exception {
    String container = docker("create", image);
    try {
      return docker(
          "commit",
          "--change=ENV GREETING=hello HTTPS_PROXY=http://elsewhere",
          "--change=VOLUME /data",
          "--change=USER 0",
          "--change=EXPOSE 80",
          "--change=CMD [\"/bin/sh\"]",
          container);
    } finally {
      docker("rm", container);
    }
  }

  private static String docker(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(System.getenv().getOrDefault("HELM_DOCKER", "docker"));
    command.addAll(List.of("--host", System.getenv("HELM_TEST_DOCKER_HOST")));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said.strip();
  }

  private static void run(String... command) throws Exception {
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }
}
