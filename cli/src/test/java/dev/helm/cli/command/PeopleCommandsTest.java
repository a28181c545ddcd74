package dev.helm.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.http.Json;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import dev.helm.cli.testing.TestService.Answer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PeopleCommandsTest {
  private static final Map<String, Object> ANN =
      Map.of(
          "id", "a1", "name", "ann", "roles", Map.of("infra-ops", "approver"), "disabled", false);

  private final TestService service = new TestService();
  private Terminal terminal;

  @TempDir Path home;

  @BeforeEach
  void begin() {
    terminal = new Terminal(home, service.url());
    service.on("GET /api/users", _ -> items(ANN));
    service.on(
        "GET /api/tokens",
        _ ->
            items(
                Map.of(
                    "id",
                    "t1",
                    "name",
                    "ci",
                    "project",
                    "infra-ops",
                    "role",
                    "operator",
                    "createdBy",
                    "owner",
                    "createdAt",
                    "x",
                    "expiresAt",
                    "2099")));
    service.on(
        "GET /api/devices",
        _ ->
            items(
                Map.of(
                    "id",
                    "d1d1d1d1d1",
                    "name",
                    "phone",
                    "paired",
                    true,
                    "current",
                    false,
                    "user",
                    Map.of("id", "a1", "name", "ann"),
                    "createdAt",
                    "x",
                    "seenAt",
                    "2026")));
  }

  @AfterEach
  void end() {
    service.close();
  }

  private static Answer items(Map<String, Object> item) {
    return TestService.json(Json.write(Map.of("items", List.of(item))));
  }

  private void ok(String... command) {
    assertThat(terminal.helm(command)).as(String.join(" ", terminal.words())).isZero();
  }

  private String sent(String call) {
    return service.asked(call).getLast().body();
  }

  @Test
  void peopleAreListedAddedAndChanged() {
    ok("user", "list");
    assertThat(terminal.data()).containsExactly("ann · approver of infra-ops");
    service.on(
        "POST /api/users",
        _ -> new Answer(201, Json.write(Map.of("user", ANN, "password", "once-upon"))));
    ok("user", "add", "bob", "--role", "operator", "--project", "infra-ops");
    assertThat(terminal.data()).last().isEqualTo("once-upon");
    assertThat(sent("POST /api/users"))
        .isEqualTo("{\"name\":\"bob\",\"roles\":{\"infra-ops\":\"operator\"}}");
    service.on("PATCH /api/users/a1", _ -> TestService.json(Json.write(ANN)));
    ok("user", "role", "ann", "none", "--project", "infra-ops");
    assertThat(sent("PATCH /api/users/a1")).isEqualTo("{\"roles\":{\"infra-ops\":\"none\"}}");
    ok("user", "disable", "ann");
    assertThat(sent("PATCH /api/users/a1")).isEqualTo("{\"disabled\":true}");
    assertThat(terminal.helm("user", "disable", "carl")).isEqualTo(4);
  }

  @Test
  void aLostPasswordIsSaidSo() {
    service.on("POST /api/users", _ -> new Answer(201, Json.write(Map.of("user", ANN))));
    assertThat(terminal.helm("user", "add", "bob")).isEqualTo(1);
    assertThat(String.join(" ", terminal.words())).contains("lost");
  }

  @Test
  void onesOwnPasswordIsReadFromInputAndTheNewTokenIsKept() {
    service.on(
        "POST /api/auth/password",
        _ ->
            TestService.json(
                Json.write(
                    Map.of(
                        "token",
                        "new.token.x",
                        "expiresAt",
                        "2099-01-01T00:00:00Z",
                        "user",
                        Map.of("id", "a1", "name", "ann")))));
    terminal.input("old\na new long password\n");
    ok("user", "password", "--password-stdin");
    assertThat(sent("POST /api/auth/password"))
        .isEqualTo("{\"newPassword\":\"a new long password\",\"password\":\"old\"}");
    service.on("GET /api/users", _ -> items(ANN));
    terminal.without("HELM_TOKEN");
    ok("user", "list");
    assertThat(service.asked("GET /api/users").getLast().header("authorization"))
        .isEqualTo("Bearer new.token.x");
    assertThat(String.join(" ", terminal.data())).doesNotContain("a new long password");
  }

  @Test
  void tokensAndDevicesAreListedAndRevoked() {
    ok("token", "list");
    assertThat(terminal.data()).containsExactly("ci · operator of infra-ops · until 2099");
    service.on(
        "POST /api/tokens",
        _ -> new Answer(201, Json.write(Map.of("details", Map.of(), "token", "helm_x"))));
    ok("token", "create", "ci2", "--role", "viewer", "--project", "*", "--days", "5");
    assertThat(terminal.data()).last().isEqualTo("helm_x");
    assertThat(sent("POST /api/tokens"))
        .isEqualTo("{\"days\":5,\"name\":\"ci2\",\"project\":\"*\",\"role\":\"viewer\"}");
    service.on(
        "DELETE /api/tokens/t1", _ -> TestService.json("{\"id\":\"t1\",\"state\":\"revoked\"}"));
    ok("token", "revoke", "ci");
    assertThat(terminal.data()).last().isEqualTo("revoked · ci");
    ok("device", "list");
    assertThat(terminal.data()).last().isEqualTo("d1d1d1d1 · phone · paired · seen 2026");
    service.on(
        "DELETE /api/devices/d1d1d1d1d1",
        _ -> TestService.json("{\"id\":\"d1d1d1d1d1\",\"state\":\"revoked\"}"));
    ok("device", "revoke", "phone");
    assertThat(terminal.data()).last().isEqualTo("revoked · phone");
    assertThat(terminal.helm("device", "revoke", "fridge")).isEqualTo(4);
  }
}
