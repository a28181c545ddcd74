package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EngineSupportTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String GOOD =
      """
      {"SecurityOptions":["name=apparmor","name=seccomp,profile=default","name=cgroupns"],
       "DefaultRuntime":"runc","MemoryLimit":true,"PidsLimit":true,"CpuCfsQuota":true}
      """;

  @Test
  void anOrdinaryEngineWillDo() throws Exception {
    assertThat(EngineSupport.whyNot(JSON.readTree(GOOD))).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"name=cgroupns\"|\"name=rootless\"|rootless",
        "\"name=cgroupns\"|\"name=userns\"|maps users",
        "\"name=seccomp,profile=default\",||no seccomp",
        "\"runc\"|\"runsc\"|runsc",
        "\"MemoryLimit\":true|\"MemoryLimit\":false|MemoryLimit",
        "\"PidsLimit\":true|\"PidsLimit\":false|PidsLimit",
        "\"CpuCfsQuota\":true|\"CpuCfsQuota\":false|CpuCfsQuota"
      })
  void othersAreRefusedInPlainWords(String usual, String instead, String word) throws Exception {
    String info = GOOD.replace(usual, instead == null ? "" : instead);
    assertThat(info).isNotEqualTo(GOOD);
    assertThat(EngineSupport.whyNot(JSON.readTree(info))).contains(word).contains("engine");
  }

  @Test
  @Tag("engine")
  void theEngineOfTheTestsWillDo() throws Exception {
    try (TestEngine machine = TestEngine.open(0, java.util.List.of())) {
      assertThat(EngineSupport.whyNot(machine.engine.info())).isNull();
    }
  }
}
