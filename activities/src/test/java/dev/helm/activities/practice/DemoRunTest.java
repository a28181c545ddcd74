package dev.helm.activities.practice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The demo's run with the real pages and the real scripts; only the tools' container is missing.
 */
class DemoRunTest {
  private static final Path EXAMPLE = Path.of("..", "examples", "q1-competitor-brief");
  private static final String STEERING = "Exclude any company with under 50 employees first.";
  private static final String[] TOOLS = {
    "Bash", "Read", "Write", "Edit", "Glob", "Grep", "WebFetch", "WriteRow", "SendEmail"
  };

  @TempDir Path temp;
  private Path workspace = Path.of("");
  private Path site = Path.of("");
  private final List<JsonNode> mails = new ArrayList<>();
  private final List<String> steps = new ArrayList<>();
  private final List<String> words = new ArrayList<>();
  private String refusedCommand = "(none)";
  private boolean offline;

  @BeforeAll
  static void needsPython() {
    boolean present =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "python3")));
    assumeTrue(present, "python3 is not on this machine");
  }

  @BeforeEach
  void copySite() throws IOException {
    workspace = Files.createDirectories(temp.resolve("workspace"));
    site = temp.resolve("site");
    try (Stream<Path> all = Files.walk(EXAMPLE.resolve("site"))) {
      for (Path from : all.toList()) {
        Path to = site.resolve(EXAMPLE.resolve("site").relativize(from).toString());
        if (Files.isDirectory(from)) {
          Files.createDirectories(to);
        } else {
          Files.copy(from, to);
        }
      }
    }
  }

  @Test
  void withoutSteeringNothingIsFiltered() throws Exception {
    play(Map.of(), "");
    assertThat(rows()).hasSize(142);
    assertThat(steps)
        .startsWith("WebFetch")
        .endsWith("Write brief.md", "SendEmail Q1 Competitor Brief");
    assertThat(words.getFirst())
        .isEqualTo(
            "Pulling Q1 announcement pages from 8 competitors. Looking for pricing changes and"
                + " product launches.");
    assertThat(words).noneMatch(said -> said.contains("Filtering"));
    assertThat(mails).hasSize(1);
    assertThat(mails.getFirst().path("to").asText()).isEqualTo("leadership@demo.test");
    assertThat(body(0)).contains("- 142 announcements by").contains("No company was left out.");
    assertThat(body(0)).doesNotContain("${").doesNotContain("(unknown)");
    assertThat(mails.getFirst().path("attachments").get(0).asText())
        .isEqualTo("competitive_intel.csv");
    assertThat(Files.readString(workspace.resolve("brief.md"))).contains("142 announcements");
    assertThat(words.getLast()).startsWith("Done. The brief went to leadership@demo.test with 142");
  }

  @Test
  void steeringFiltersBeforeTheMail() throws Exception {
    play(Map.of("Write brief.md", STEERING), "");
    assertThat(words).contains("Got it. Filtering employee_count ≥ 50");
    assertThat(rows()).hasSize(81).allMatch(row -> count(row) >= 50);
    assertThat(mails).hasSize(1);
    assertThat(body(0)).contains("- 81 announcements by").contains("(61 rows)");
    assertThat(Files.readString(workspace.resolve("brief.md"))).contains("81 announcements");
  }

  @Test
  void theNumberIsThePersonsOwn() throws Exception {
    play(Map.of("WebFetch", "Please leave out everyone with fewer than 200 employees"), "");
    assertThat(words).contains("Got it. Filtering employee_count ≥ 200");
    assertThat(rows()).isNotEmpty().allMatch(row -> count(row) >= 200);
    assertThat(body(0)).contains("- " + rows().size() + " announcements");
  }

  @Test
  void steeringAfterTheMailSendsACorrection() throws Exception {
    play(Map.of("SendEmail Q1 Competitor Brief", STEERING), "");
    assertThat(mails).hasSize(2);
    assertThat(body(0)).contains("- 142 announcements");
    assertThat(body(1)).contains("This replaces").contains("- 81 announcements");
    assertThat(mails.get(1).path("subject").asText()).isEqualTo("Q1 Competitor Brief (corrected)");
    assertThat(rows()).hasSize(81);
    assertThat(words.getLast()).startsWith("Done. The corrected brief");
  }

  @Test
  void denialIsReadAndSaid() throws Exception {
    play(Map.of(), "Denied by ada: not before the board has met");
    assertThat(mails).isEmpty();
    assertThat(words.getLast()).contains("not sent: Denied by ada: not before the board has met");
    assertThat(rows()).hasSize(142);
  }

  @Test
  void denialThatAsksForTheFilterIsFollowed() throws Exception {
    play(Map.of(), "Denied: " + STEERING);
    assertThat(rows()).hasSize(81);
    assertThat(mails).hasSize(1);
    assertThat(body(0)).contains("- 81 announcements");
    assertThat(words.getLast()).contains("filtered table of 81 rows");
  }

  @Test
  void anAlteredPageGivesOtherRowsFilterAndMail() throws Exception {
    Path page = site.resolve("tidewicket/blog/index.html");
    String html = Files.readString(page);
    String added =
        "<li class=\"announcement\" data-company=\"Zebrafjord\" data-date=\"2026-03-30\""
            + " data-kind=\"pricing change\" data-title=\"All plans doubled\" data-price=\"$8,000\""
            + " data-employee-count=\"99000\"></li>"
            + "<li class=\"announcement\" data-company=\"=HYPERLINK(1)\" data-date=\"2026-03-30\""
            + " data-kind=\"pricing change\" data-title=\"&#0;\u202e<b>\" data-price=\"\""
            + " data-employee-count=\"3\"></li>"
            + "<li class=\"announcement\" data-company=\"Nodate\"></li><!-- <article";
    Files.writeString(page, html.replaceFirst("</ul>", added.replace("$", "\\$") + "</ul>"));
    play(Map.of("Write brief.md", STEERING), "");
    assertThat(rows()).anyMatch(row -> row.contains("Zebrafjord"));
    assertThat(rows()).noneMatch(row -> row.contains("HYPERLINK"));
    assertThat(body(0)).contains("Zebrafjord: All plans doubled, $8,000 (99000 employees)");
    assertThat(body(0)).doesNotContain("- 81 announcements");
  }

  @Test
  void pagesThatAreGarbageEndInWords() throws Exception {
    try (Stream<Path> pages = Files.walk(site)) {
      for (Path page : pages.filter(Files::isRegularFile).toList()) {
        Files.write(page, new byte[] {(byte) 0xff, '<', '!', '[', 0, '<', 'a', ' ', '\''});
      }
    }
    play(Map.of(), "");
    assertThat(words.getLast()).startsWith("I found no announcements for Q1");
    assertThat(mails).isEmpty();
  }

  @Test
  void nothingIsSentUnfilteredIfTheFilterIsRefused() throws Exception {
    refusedCommand = "python3 filter.py";
    play(Map.of("Write brief.md", STEERING), "");
    assertThat(mails).isEmpty();
    assertThat(words.getLast()).contains("could not be filtered as you asked, so I send nothing");
    assertThat(rows()).hasSize(142);
  }

  @Test
  void pagesThatCannotBeFetchedEndIt() throws Exception {
    offline = true;
    play(Map.of(), "");
    assertThat(words.getLast())
        .contains("could not be fetched, so there is no brief")
        .contains("nothing listens there");
    assertThat(steps).containsOnly("WebFetch");
    assertThat(mails).isEmpty();
  }

  @Test
  void anotherProcessGoesOnInTheMiddle() throws Exception {
    play(Map.of("Write brief.md", STEERING), "", true);
    assertThat(rows()).hasSize(81);
    assertThat(mails).hasSize(1);
  }

  private void play(Map<String, String> steering, String denyFirstMail) throws Exception {
    play(steering, denyFirstMail, false);
  }

  /** Plays to the end; steering is by the step after which the person writes. */
  private void play(Map<String, String> steering, String denyFirstMail, boolean restartEachTurn)
      throws Exception {
    Map<String, String> left = new LinkedHashMap<>(steering);
    String system = "You write the competitor brief for leadership.";
    PracticeModel model = PracticeModel.start(0, List.of(EXAMPLE), false);
    boolean[] deny = {!denyFirstMail.isEmpty()};
    try (DemoSite demo = DemoSite.start(0, site, List.of(), temp.resolve("ca.pem"))) {
      Client client = new Client(model.port(), system, "Compare the Q1 pages.", TOOLS);
      TlsFetch fetch = new TlsFetch(demo.port(), temp.resolve("ca.pem"));
      for (int turn = 0; turn < 30; turn++) {
        Client.Heard heard = client.turn();
        words.add(heard.text());
        if (heard.calls().isEmpty()) {
          assertThat(heard.stopReason()).isEqualTo("end_turn");
          return;
        }
        assertThat(heard.stopReason()).isEqualTo("tool_use");
        client.answer(
            heard,
            (tool, input) -> {
              steps.add(named(tool, input));
              if (tool.equals("SendEmail") && deny[0]) {
                deny[0] = false;
                throw new IOException(denyFirstMail);
              }
              return run(tool, input, fetch);
            },
            () -> said(left));
        if (restartEachTurn) {
          model.close();
          model = PracticeModel.start(0, List.of(EXAMPLE), false);
          client.movedTo(model.port());
        }
      }
      throw new AssertionError("no end after 30 turns: " + steps);
    } finally {
      model.close();
    }
  }

  private String said(Map<String, String> left) {
    String text = left.remove(steps.getLast());
    return text == null ? "" : "A person says: " + text;
  }

  private static String named(String tool, JsonNode input) {
    return switch (tool) {
      case "SendEmail" -> tool + " " + input.path("subject").asText();
      case "Write" -> tool + " " + input.path("file_path").asText();
      default -> tool;
    };
  }

  private String run(String tool, JsonNode input, TlsFetch fetch) throws Exception {
    return switch (tool) {
      case "WebFetch" -> {
        if (offline) {
          throw new IOException("nothing listens there");
        }
        byte[] page = fetch.get(input.path("url").asText());
        Path target = workspace.resolve(input.path("save_as").asText());
        Files.createDirectories(target.getParent());
        Files.write(target, page);
        yield page.length / 1024 + " KB";
      }
      case "Write" -> {
        Files.writeString(
            workspace.resolve(input.path("file_path").asText()), input.path("content").asText());
        yield "written";
      }
      case "Bash" -> bash(input.path("command").asText());
      case "WriteRow" -> writeRows(input);
      case "SendEmail" -> {
        mails.add(input);
        yield "sent";
      }
      default -> throw new IOException("no such tool " + tool);
    };
  }

  private String bash(String command) throws Exception {
    if (command.startsWith(refusedCommand)) {
      throw new IOException("Denied by ada");
    }
    Process process =
        new ProcessBuilder("bash", "-c", command)
            .directory(workspace.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), "UTF-8");
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    if (process.exitValue() != 0) {
      throw new IOException("exit " + process.exitValue() + "\n" + output);
    }
    return output;
  }

  private String writeRows(JsonNode input) throws IOException {
    StringBuilder csv = new StringBuilder();
    List<String> lines = Files.readAllLines(workspace.resolve(input.path("rows_file").asText()));
    for (String line : lines) {
      JsonNode row = Client.JSON.readTree(line);
      if (csv.isEmpty()) {
        row.fieldNames().forEachRemaining(name -> csv.append(name).append(','));
        csv.setCharAt(csv.length() - 1, '\n');
      }
      csv.append(
          row.properties().stream()
              .map(field -> '"' + field.getValue().asText().replace("\"", "\"\"") + '"')
              .collect(Collectors.joining(",", "", "\n")));
    }
    Files.writeString(workspace.resolve(input.path("file_path").asText()), csv);
    return lines.size() + " entries written";
  }

  private List<String> rows() throws IOException {
    List<String> lines = Files.readAllLines(workspace.resolve("competitive_intel.csv"));
    return lines.subList(1, lines.size());
  }

  private static int count(String row) {
    String[] cells = row.split(",", -1);
    return Integer.parseInt(cells[cells.length - 2].replace("\"", ""));
  }

  private String body(int mail) {
    return mails.get(mail).path("body").asText();
  }
}
