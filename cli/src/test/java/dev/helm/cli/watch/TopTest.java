package dev.helm.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.cli.http.Json;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.Columns;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Paint;
import dev.helm.cli.testing.Story;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The dashboard's rows at several sizes, with hostile text, and once in a pipe. */
@Timeout(60)
class TopTest {
  private static final String EVIL = "\u001b[2J\u202eevil\r\n" + "long".repeat(60);
  private static final String CAP =
      "{\"items\":[{\"scope\":\"installation\",\"period\":\"day\",\"capUsd\":\"20.000000\","
          + "\"spentUsd\":\"0.830000\",\"heldUsd\":\"0.000000\",\"leftUsd\":\"19.170000\","
          + "\"source\":\"operator\"}]}";
  private final TestService service = new TestService();

  @TempDir Path home;

  @AfterEach
  void end() {
    service.close();
  }

  private static Map<String, Object> run(int number, String name, String status) {
    Map<String, Object> run = new LinkedHashMap<>();
    run.put("id", String.format("%04x", number) + "0".repeat(28));
    run.put("name", name);
    run.put("status", status);
    run.put("blueprint", "b@1");
    run.put("budgetUsd", "5.000000");
    run.put("spentUsd", "0.420000");
    run.put("events", 47);
    run.put("createdAt", "2026-03-02T14:00:00.000Z");
    return run;
  }

  private static Map<String, Object> asks(int number, String object) {
    Map<String, Object> item = new LinkedHashMap<>();
    item.put("id", "p-" + number);
    item.put("kind", "permission");
    item.put("run", String.format("%04x", number) + "0".repeat(28));
    item.put("runName", "q1-competitor-brief");
    item.put("tool", "SendEmail");
    item.put("object", object);
    item.put("otherwise", "deny");
    item.put("deadline", "2026-03-02T14:32:00.000Z");
    return item;
  }

  private static String page(List<Map<String, Object>> items) {
    return Json.write(Map.of("items", items));
  }

  private static TopBoard board(int runs, String text) {
    List<Map<String, Object>> all = new ArrayList<>();
    for (int i = 1; i <= runs; i++) {
      all.add(run(i, text + i, i % 3 == 0 ? "paused" : "running"));
    }
    List<LoggedEvent> events = new ArrayList<>();
    Story story = new Story(events::add).created();
    for (int i = 0; i < 30; i++) {
      story
          .requested("t" + i, "WebFetch", text, "{}")
          .started("t" + i, "WebFetch", "rule")
          .finished("t" + i, "WebFetch", "ok", text);
    }
    String status =
        "{\"backend\":\"degraded\",\"activeRuns\":2,\"version\":\"1\",\"practice\":false,"
            + "\"components\":[{\"name\":\"log\",\"state\":\"healthy\"},"
            + "{\"name\":\"engine\",\"state\":\"down\",\"detail\":"
            + Json.write(text)
            + "}]}";
    return new TopBoard(
        Instant.parse("2026-03-02T14:02:18Z"),
        new Reply(200, status).as(Bodies.Status.class),
        new Reply(200, page(all)).items(Bodies.Run.class),
        runs == 0
            ? List.of()
            : new Reply(200, page(List.of(asks(2, text)))).items(DecisionBodies.InboxItem.class),
        new Reply(200, CAP).items(MoneyBodies.Cap.class).getFirst(),
        "$0.83",
        events,
        2.4);
  }

  private static List<String> rows(TopBoard board, int columns, int height) {
    List<String> rows = new ArrayList<>();
    for (Line line :
        new TopRows(ZoneOffset.UTC, "owner")
            .rows(board, "0002" + "0".repeat(28), columns, height)) {
      rows.add(line.rows(columns, Paint.NONE).getFirst());
    }
    return rows;
  }

  @Test
  void itFitsEverySizeAndShowsWhatMatters() {
    for (int runs : new int[] {0, 1, 3, 40, 200}) {
      for (int[] size : new int[][] {{79, 23}, {119, 39}, {59, 15}, {200, 60}}) {
        List<String> rows = rows(board(runs, "brief"), size[0], size[1]);
        assertThat(rows.size()).as(runs + " runs").isLessThanOrEqualTo(size[1]);
        assertThat(rows).allMatch(row -> Columns.of(row) <= size[0]);
        assertThat(rows.getFirst())
            .contains("degraded")
            .contains(runs + " active")
            .contains("2.4 events/s");
        if (size[0] >= 79) {
          assertThat(rows.getFirst()).contains("$0.83 today / $20.00");
        }
        assertThat(rows.getLast()).contains("engine ✗ down");
        if (runs >= 2) {
          assertThat(rows.get(1))
              .startsWith("◆ q1-competitor-brief · SendEmail")
              .endsWith("denies in 29:42");
          assertThat(rows).anyMatch(row -> row.startsWith("▸ 0002 "));
          assertThat(rows).anyMatch(row -> row.contains("◆ permission"));
        }
        assertThat(rows)
            .anyMatch(row -> row.contains("WebFetch · brief") || row.contains("ok · brief"));
      }
    }
    assertThat(rows(board(0, "x"), 79, 23)).anyMatch(row -> row.contains("no run is active"));
  }

  @Test
  void columnsStandBelowEachOther() {
    List<String> rows = rows(board(3, "日本語のとても長い名前です"), 79, 23);
    List<Integer> ends =
        rows.stream().filter(row -> row.contains(" / $5.00")).map(Columns::of).distinct().toList();
    assertThat(ends).hasSize(1);
  }

  @Test
  void hostileTextIsShownAndNotObeyed() {
    StringWriter written = new StringWriter();
    try (FullScreen screen =
        new FullScreen(new PrintWriter(written), () -> 80, () -> 24, Paint.NONE)) {
      List<Line> lines = new TopRows(ZoneOffset.UTC, "owner").rows(board(3, EVIL), "", 79, 23);
      screen.draw(lines);
      screen.draw(lines);
    }
    String text = written.toString();
    assertThat(text).doesNotContain("\u001b[2J").doesNotContain("\u202e").contains("\\x1b[2J");
    assertThat(text.replaceAll("\u001b\\[(\\?1049[hl]|\\?25[hl]|H|K|J)", ""))
        .as("only the screen's own sequences")
        .doesNotContain("\u001b");
    assertThat(text.split("\u001b\\[H", -1)).as("drawn once, since nothing changed").hasSize(2);
  }

  @Test
  void aPipeGetsItOnceAndJsonToo() {
    service.on(
        "GET /api/status",
        _ ->
            TestService.json(
                "{\"backend\":\"healthy\",\"activeRuns\":1,\"version\":\"1\",\"practice\":true,"
                    + "\"components\":[{\"name\":\"log\",\"state\":\"healthy\"}]}"));
    service.on("GET /api/runs", _ -> TestService.json(page(List.of(run(0x4f3a, EVIL, "running")))));
    service.on("GET /api/inbox", _ -> TestService.json("{\"items\":[]}"));
    service.on("GET /api/budgets", _ -> TestService.json("{\"items\":[]}"));
    // Another day than here and in UTC: only the service knows which it has.
    service.on(
        "GET /api/usage",
        r ->
            TestService.json(
                r.target().endsWith("from=today")
                    ? "{\"items\":[{\"key\":\"2001-02-03\",\"costUsd\":\"0.070000\"}]}"
                    : "{\"items\":[]}"));
    service.on("GET /api/runs/4f3a" + "0".repeat(28) + "/events", _ -> TestService.json(log()));
    Terminal terminal = new Terminal(home, service.url());
    assertThat(terminal.helm("top")).isZero();
    assertThat(terminal.data().getFirst()).startsWith("● healthy · 1 active · ");
    assertThat(terminal.data().getFirst()).contains("$0.07 today");
    assertThat(terminal.data()).anyMatch(line -> line.startsWith("  4f3a \\x1b[2J"));
    assertThat(terminal.data()).anyMatch(line -> line.contains("hello from the agent"));
    assertThat(String.join("", terminal.data())).doesNotContain("\u001b");
    Terminal json = new Terminal(home, service.url());
    assertThat(json.helm("top", "--json")).isZero();
    Map<String, Object> tree = Json.object(String.join("\n", json.data()));
    assertThat(tree)
        .containsKeys("at", "backend", "components", "eventsPerSecond", "runs", "newest");
  }

  private static String log() {
    List<Object> events = new ArrayList<>();
    Story story = new Story(event -> events.add(Json.read(Watch.written(event))));
    story.created().message(1, "hello from the agent");
    return Json.write(Map.of("items", events, "last", 2));
  }

  @Test
  void withoutABackendItFailsAsOtherCommandsDo() {
    service.close();
    assertThat(new Terminal(home, service.url()).helm("top")).isEqualTo(6);
  }
}
