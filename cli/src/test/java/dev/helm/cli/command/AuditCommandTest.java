package dev.helm.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.http.Json;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AuditCommandTest {
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

  private static Map<String, Object> entry(long seq, String who, Map<String, Object> data) {
    return Map.of(
        "run",
        "audit",
        "seq",
        seq,
        "at",
        "2020-03-02T14:02:13.000Z",
        "type",
        "change.made",
        "agent",
        who,
        "data",
        data,
        "prev",
        "0".repeat(64),
        "hash",
        "1".repeat(64));
  }

  private static String page(long... seqs) {
    List<Map<String, Object>> items =
        LongStream.of(seqs)
            .mapToObj(
                seq ->
                    entry(
                        seq,
                        "ann",
                        Map.of(
                            "by", "u1",
                            "address", "10.0.0.7",
                            "method", "POST",
                            "path", "/api/stop",
                            "status", 202)))
            .toList();
    return Json.write(Map.of("items", items, "last", seqs.length == 0 ? 0 : seqs[seqs.length - 1]));
  }

  private String asked() {
    return URLDecoder.decode(
        service.asked("GET /api/audit").getLast().target(), StandardCharsets.UTF_8);
  }

  @Test
  void theNewestAreShownAndThePageAboveIsNamed() {
    service.on("GET /api/audit", _ -> TestService.json(page(8, 9)));
    assertThat(terminal.helm("audit", "--limit", "2", "--who", "ann", "--action", "change.made"))
        .isZero();
    assertThat(terminal.data()).hasSize(2);
    assertThat(terminal.data().getFirst())
        .matches("8 2020-03-02 ..:..:13 ann · change.made · stop · status 202 · 10.0.0.7");
    assertThat(asked())
        .contains("before=9007199254740992")
        .contains("limit=2")
        .contains("who=ann")
        .contains("action=change.made")
        .doesNotContain("after=");
    assertThat(terminal.words()).containsExactly("The page above: --before 8");
    terminal.helm("audit", "--before", "8");
    assertThat(asked()).endsWith("before=8");
  }

  @Test
  void whatWasAskedForIsInWords() {
    String run = "4f3a".repeat(8);
    Map<String, Map<String, Object>> asked =
        Map.of(
            "· rollback · run 4f3a4f3a",
            Map.of("method", "POST", "path", "/api/runs/" + run + "/rollback", "run", run),
            "· remove rules r-1",
            Map.of("method", "DELETE", "path", "/api/rules/r-1"),
            "· set secrets mail",
            Map.of("method", "PUT", "path", "/api/secrets/mail"),
            "· new users",
            Map.of("method", "POST", "path", "/api/users"));
    asked.forEach(
        (words, data) -> {
          service.on(
              "GET /api/audit",
              _ ->
                  TestService.json(
                      Json.write(Map.of("items", List.of(entry(1, "ann", data)), "last", 1))));
          assertThat(terminal.helm("audit")).isZero();
          assertThat(terminal.data().getLast()).endsWith(words);
        });
  }

  @Test
  void afterANumberItGoesAhead() {
    service.on("GET /api/audit", _ -> TestService.json(page(4, 5)));
    assertThat(terminal.helm("audit", "--after", "3", "--limit", "2")).isZero();
    assertThat(asked()).endsWith("after=3").doesNotContain("before=");
    assertThat(terminal.words()).containsExactly("There are more: --after 5");
    assertThat(terminal.helm("audit", "--after", "3", "--json")).isZero();
    assertThat(terminal.data().getLast()).contains("\"items\":[").contains("\"last\":5");
  }

  @Test
  void followingGoesOnWhereItWasUntilTheServiceSaysNo() {
    Queue<String> pages = new ArrayDeque<>(List.of(page(1, 2), page(3), page(4)));
    service.on(
        "GET /api/audit",
        _ ->
            pages.isEmpty()
                ? TestService.problem(403, "FORBIDDEN", "not yours", "")
                : TestService.json(pages.remove()));
    assertThat(terminal.helm("audit", "--follow", "--json")).isEqualTo(5);
    assertThat(terminal.data()).hasSize(5).last().asString().startsWith("{\"error\":");
    assertThat(terminal.data().get(3)).startsWith("{").contains("\"seq\":4");
    assertThat(asked()).endsWith("after=4");
  }

  @Test
  void hostileNamesAreShownAndNotObeyed() {
    service.on(
        "GET /api/audit",
        _ ->
            TestService.json(
                Json.write(
                    Map.of(
                        "items",
                        List.of(
                            entry(
                                1,
                                "\u001b[2Jann",
                                Map.of(
                                    "reason\u202e", "\rlet in", "asked", Map.of("a", "\u0007")))),
                        "last",
                        1))));
    assertThat(terminal.helm("audit")).isZero();
    assertThat(String.join("", terminal.data()))
        .contains("\\x1b[2Jann")
        .doesNotContain("\u001b")
        .doesNotContain("\u202e")
        .doesNotContain("\r")
        .doesNotContain("\u0007");
  }

  @Test
  void wrongUseIsTold() {
    service.on("GET /api/audit", _ -> TestService.json(page()));
    assertThat(terminal.helm("audit", "--limit", "0")).isEqualTo(2);
    assertThat(terminal.helm("audit", "--limit", "1001")).isEqualTo(2);
    assertThat(terminal.helm("audit", "--before", "3", "--follow")).isEqualTo(2);
    assertThat(terminal.helm("audit", "--before", "3", "--after", "1")).isEqualTo(2);
    assertThat(terminal.helm("audit", "--after", "x")).isEqualTo(2);
    assertThat(service.asked("GET /api/audit")).isEmpty();
    assertThat(terminal.helm("audit")).isZero();
    assertThat(terminal.words()).contains("No entry is like that.");
  }
}
