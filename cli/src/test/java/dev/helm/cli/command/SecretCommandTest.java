package dev.helm.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.http.Json;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SecretCommandTest {
  private final TestService service = new TestService();
  private Terminal terminal;

  @TempDir Path home;

  @BeforeEach
  void begin() {
    terminal = new Terminal(home, service.url());
  }

  @AfterEach
  void end() {
    service.close();
  }

  @Test
  void aSecretIsSetFromInputAndShownNowhere() {
    Map<String, Object> info =
        Map.of(
            "project",
            "infra-ops",
            "name",
            "API_TOKEN",
            "version",
            1,
            "by",
            "ann",
            "at",
            "2026-03-02T14:02:13.482Z");
    service.on("PUT /api/secrets/infra-ops/API_TOKEN", _ -> TestService.json(Json.write(info)));
    service.on(
        "GET /api/secrets", _ -> TestService.json(Json.write(Map.of("items", List.of(info)))));
    service.on(
        "DELETE /api/secrets/default/API_TOKEN",
        _ -> TestService.json(Json.write(Map.of("id", "API_TOKEN", "status", "removed"))));
    terminal.input("open sesame, please\n");
    assertThat(terminal.helm("secret", "set", "API_TOKEN", "--project", "infra-ops")).isZero();
    assertThat(service.asked("PUT /api/secrets/infra-ops/API_TOKEN").getLast().body())
        .isEqualTo("{\"value\":\"open sesame, please\"}");
    assertThat(terminal.data()).containsExactly("set · infra-ops · API_TOKEN");
    assertThat(terminal.helm("secret", "list")).isZero();
    assertThat(terminal.data())
        .last()
        .isEqualTo("infra-ops · API_TOKEN · set 2026-03-02 14:02 by ann · never used");
    assertThat(terminal.helm("secret", "rm", "API_TOKEN")).isZero();
    assertThat(terminal.data()).last().isEqualTo("removed · default · API_TOKEN");
    assertThat(terminal.helm("secret")).isEqualTo(2);
    assertThat(String.join("\n", terminal.words())).doesNotContain("sesame");
  }
}
