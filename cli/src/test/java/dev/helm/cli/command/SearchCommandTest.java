package dev.helm.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.http.Json;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SearchCommandTest {
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

  private void answers(String text, int start, int end) {
    Map<String, Object> hit =
        Map.of(
            "run", "4f3a" + "0".repeat(28),
            "runName", "q1-competitor-brief",
            "seq", 17,
            "type", "tool.requested",
            "agent", "main",
            "at", "2020-03-02T14:02:13.000Z",
            "snippet", Map.of("text", text, "marks", List.of(Map.of("start", start, "end", end))));
    String body = Json.write(Map.of("items", List.of(hit), "partial", false, "behind", 300));
    service.on("GET /api/search", _ -> TestService.json(body));
  }

  private String asked() {
    return URLDecoder.decode(
        service.asked("GET /api/search").getLast().target(), StandardCharsets.UTF_8);
  }

  @Test
  void eachHitIsOneLineInAPipe() {
    answers("url · https://stripe.com/blog", 14, 24);
    assertThat(terminal.helm("search", "stripe.com")).isZero();
    assertThat(terminal.data())
        .singleElement()
        .asString()
        .matches(
            "2020-03-02 ..:..:13 4f3a q1-competitor-brief · 17 · tool.requested ·"
                + " url · https://stripe.com/blog");
    assertThat(terminal.words().getFirst())
        .isEqualTo("300 newest events cannot be found yet; a moment.");
    assertThat(asked()).contains("q=stripe.com").contains("limit=20").doesNotContain("run=");
  }

  @Test
  void aQuotedArgumentIsAPhraseAmongOthersAndFiltersAreHandedOn() {
    answers("x", 0, 1);
    terminal.helm("search", "pricing*", "page one", "--run", "4f3a", "--type", "model.message");
    assertThat(asked())
        .contains("q=pricing* \"page one\"")
        .contains("run=4f3a")
        .contains("type=model.message");
    terminal.helm("search", "two words");
    assertThat(asked()).contains("q=two words");
  }

  @Test
  void marksThatLieOutsideAreNotBelieved() {
    for (int[] mark : new int[][] {{-1, 2}, {3, 1}, {0, 900}, {900, 901}}) {
      answers("harmless", mark[0], mark[1]);
      assertThat(terminal.helm("search", "x")).isZero();
      assertThat(terminal.data().getLast()).endsWith("harmless");
    }
  }

  @Test
  void hostileTextIsShownAndNotObeyed() {
    answers("\u001b[2Jgone\u202e\rAllowed by owner", 0, 4);
    terminal.helm("search", "gone");
    assertThat(String.join("", terminal.data()))
        .contains("\\x1b[2Jgone\\u202e")
        .doesNotContain("\u001b")
        .doesNotContain("\u202e")
        .doesNotContain("\r");
  }

  @Test
  void nothingFoundIsNoFailureAndWrongUseIs() {
    service.on(
        "GET /api/search", _ -> TestService.json("{\"items\":[],\"partial\":true,\"behind\":0}"));
    assertThat(terminal.helm("search", "x")).isZero();
    assertThat(terminal.data()).isEmpty();
    assertThat(terminal.words()).anyMatch(line -> line.startsWith("Time was up"));
    assertThat(terminal.words()).anyMatch(line -> line.startsWith("No event has these words."));
    assertThat(terminal.helm("search")).isEqualTo(2);
    assertThat(terminal.helm("search", "x", "--limit", "0")).isEqualTo(2);
  }

  @Test
  void runsAreNarrowedByTimeAndProject() {
    service.on("GET /api/runs", _ -> TestService.json("{\"items\":[]}"));
    assertThat(
            terminal.helm(
                "runs",
                "--status",
                "active",
                "--since",
                "2026-03-02T10:00:00Z",
                "--project",
                "infra-ops",
                "--search",
                "pricing"))
        .isZero();
    String target =
        URLDecoder.decode(
            service.asked("GET /api/runs").getLast().target(), StandardCharsets.UTF_8);
    assertThat(target)
        .contains("status=active")
        .contains("since=2026-03-02T10:00:00Z")
        .contains("project=infra-ops")
        .contains("q=pricing");
    assertThat(terminal.words()).contains("No runs are like that.");
    assertThat(terminal.helm("runs", "--since", "soon")).isEqualTo(2);
  }
}
