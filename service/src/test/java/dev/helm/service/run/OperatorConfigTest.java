package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
