package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.images.ImageList;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OperatorConfigTest {
  @TempDir private Path home;

  private OperatorConfig read(String yaml) throws Exception {
    Files.writeString(home.resolve("config.yml"), yaml);
    return OperatorConfig.read(home);
  }

  @Test
  void theSizeOfWorkspacesIsTheOperators() throws Exception {
    assertThat(OperatorConfig.read(home).workspace()).isEqualTo(WorkspaceLimits.DEFAULT);
    assertThat(read("egress: {}\n").workspace()).isEqualTo(WorkspaceLimits.DEFAULT);
    assertThat(read("sandbox: {diskMb: 128, diskFiles: 5000}\n").workspace())
        .isEqualTo(new WorkspaceLimits(128L << 20, 5_000, 128));
  }

  @Test
  void whatIsNotPossibleIsRefusedAndNamed() {
    for (String bad :
        List.of("diskMb: 63", "diskMb: 2 GB", "diskMb: 1.5", "diskFiles: 1", "diskMB: 100")) {
      assertThatThrownBy(() -> read("sandbox:\n  " + bad + "\n"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("config.yml: sandbox");
    }
  }

  @Test
  void theImagesOfTheEngineThatBlueprintsMayNameAreTheOperators() throws Exception {
    assertThat(OperatorConfig.read(home).images().allows("debian:12")).isFalse();
    ImageList images =
        read("sandbox: {images: ['tools:2', 'team/*', 'x.example:5000/a@sha256:0*']}\n").images();
    for (String right : List.of("tools:2", "team/a", "team/a/b:3", "x.example:5000/a@sha256:0f")) {
      assertThat(images.allows(right)).as(right).isTrue();
    }
    for (String wrong : List.of("tools:20", "tools", "xteam/a", "team", "docker.io/tools:2", "")) {
      assertThat(images.allows(wrong)).as(wrong).isFalse();
    }
    for (String bad : List.of("['*']", "['']", "[7 8]", "tools:2", "[{a: b}]", "['a b']")) {
      assertThatThrownBy(() -> read("sandbox: {images: " + bad + "}\n"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("config.yml: sandbox.images");
    }
  }

  @Test
  void destinationsAreTheOperators() throws Exception {
    assertThat(OperatorConfig.read(home).publish()).isEmpty();
    assertThat(
            read("""
                    publish:
                      reports: {folder: /srv/reports, projects: [market-intel]}
                      crm: {webhook: 'https://crm.example.com/in?token=x', secret: CRM_KEY}
                      site: {git: 'https://git.example.com/site.git', branch: drafts, path: a/b}
                      local: {git: 'file:///srv/git/x.git'}
                    """)
                .publish())
        .extracting(each -> each.name() + " · " + each.to().shown())
        .containsExactly(
            "reports · folder /srv/reports",
            "crm · webhook crm.example.com",
            "site · git https://git.example.com/site.git branch drafts in a/b",
            "local · git file:///srv/git/x.git branch helm");
    for (String bad :
        List.of(
            "x: {}",
            "X: {folder: /a}",
            "x: {folder: a}",
            "x: {folder: /a/../b}",
            "x: {folder: /}",
            "x: {folder: /a, webhook: 'https://a.example/'}",
            "x: {folder: /a, secret: A}",
            "x: {folder: /a, projects: []}",
            "x: {webhook: 'ftp://a.example/'}",
            "x: {webhook: 'https://u:p@a.example/'}",
            "x: {webhook: 'https://a.example/', secret: hunter2}",
            "x: {git: 'ssh://a.example/b.git'}",
            "x: {git: 'https://a.example/b.git', branch: 'a..b'}",
            "x: {git: 'https://a.example/b.git', path: ../b}",
            "x: {git: 'https://a.example/b.git', path: a/.GIT}")) {
      assertThatThrownBy(() -> read("publish:\n  " + bad + "\n"))
          .as(bad)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("config.yml: publish");
    }
  }

  @Test
  void nobodyIsToldUnlessTheOperatorSaysWho() throws Exception {
    assertThat(OperatorConfig.read(home).webhook()).isNull();
    assertThat(read("notify: {webhook: 'https://hooks.example.com/T0'}\n").webhook())
        .hasToString("hooks.example.com");
    for (String bad : List.of("{webhook: 7}", "{webhok: 'https://x.example/'}", "{webhook: x}")) {
      assertThatThrownBy(() -> read("notify: " + bad + "\n"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("config.yml: notify");
    }
  }
}
