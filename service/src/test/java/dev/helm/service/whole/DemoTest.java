package dev.helm.service.whole;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * {@code ./helm demo} as a newcomer runs it, every part real: what it prints and what it leaves.
 */
@Tag("engine")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DemoTest {
  private static final String ADDED =
      """
      <li class="announcement" data-company="Zebrafinch Freight" data-date="2026-03-30"
        data-kind="product launch" data-title="Night desk" data-price="$1 per month"
        data-employee-count="%d"><span>Zebrafinch</span></li>
      """;

  private Path home = Path.of("");

  @BeforeEach
  void makeHome() throws IOException {
    // Short, because socket paths below it have a fixed room.
    home = Files.createTempDirectory(Path.of("/tmp"), "hd");
  }

  @AfterEach
  void removeHome() throws Exception {
    helm("down");
    new ProcessBuilder("umount", "-l", home.resolve("engine").toString()).start().waitFor();
    try (Stream<Path> all = Files.walk(home)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  @Test
  void playsTheLandingPage() throws Exception {
    String words = helm("demo", "--auto", "--yes");
    assertThat(words)
        .contains("practice model", "fictitious")
        .contains("Pulling Q1 announcement pages from 8 competitors.")
        .containsPattern("\\d\\d:\\d\\d:\\d\\d WebFetch · larkmoss\\.demo\\.test/blog")
        .containsPattern("\\d\\d:\\d\\d:\\d\\d ok · \\d+ KB · 12 posts parsed")
        .contains("WriteRow · competitive_intel.csv · 142 entries")
        .contains("You Exclude any company with under 50 employees first.")
        .contains("Got it. Filtering employee_count ≥ 50")
        .contains(
            "Permission requested\nSendEmail \"Q1 Competitor Brief\" → leadership@\nAllow Deny")
        .contains("helm watch ");
    assertThat(rows()).hasSize(81).noneMatch(row -> employees(row) < 50);
    assertThat(mail()).contains("Subject: Q1 Competitor Brief", "81 announcements");
  }

  @Test
  void anotherPageGivesOtherRowsFilterAndMail() throws Exception {
    Path site = copyOfSite();
    Path page = site.resolve("larkmoss/blog/index.html");
    Files.writeString(
        page,
        Files.readString(page)
            .replaceFirst(
                "(<ul class=\"announcements\"[^>]*>)",
                "$1" + (ADDED.formatted(9_000) + ADDED.formatted(7)).replace("$", "\\$")));
    String words = helm("demo", "--auto", "--yes", "--site", site.toString());
    assertThat(words).contains("WriteRow · competitive_intel.csv · 144 entries");
    assertThat(rows()).hasSize(82).anyMatch(row -> row.contains("Zebrafinch Freight"));
    assertThat(mail()).contains("82 announcements", "Zebrafinch Freight");
  }

  @Test
  void withoutTheSteeringLineNothingIsFiltered() throws Exception {
    String words = helm("demo", "--auto", "--yes", "--no-steer");
    assertThat(words).doesNotContain("Filtering employee_count");
    assertThat(rows()).hasSize(142).anyMatch(row -> employees(row) < 50);
    assertThat(mail()).contains("142 announcements", "No company was left out.");
  }

  @Test
  void aDeniedMailIsNotSent() throws Exception {
    String words = helm("demo", "--auto", "--yes", "--deny");
    assertThat(words).contains("denied by you");
    assertThat(run().resolve("outbox")).doesNotExist();
  }

  /** Its files are sent, and what the demo's own config.yml names is there to publish to. */
  @Test
  void anExampleIsPlayedByItsName() throws Exception {
    String words = helm("demo", "--auto", "--yes", "--example", "jwt-migration");
    assertThat(words)
        .contains("FAILED (failures=5)", "All 8 tests pass. Handing the change over.")
        .contains("The demo plays the person: it allows this.")
        .contains("helm run jwt-migration --files ");
    assertThat(home.resolve("published/api.git/refs/heads/jwt-migration")).isRegularFile();
  }

  private String helm(String... arguments) throws IOException, InterruptedException {
    Path words = Files.createDirectories(Path.of("target", "whole")).resolve("demo.log");
    List<String> line = new ArrayList<>(List.of(Launched.checkout().resolve("helm").toString()));
    line.addAll(Arrays.asList(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(words.toFile());
    Map<String, String> env = builder.environment();
    env.keySet().removeAll(List.of("HELM_URL", "HELM_TOKEN", "HELM_SMTP_URL", "TEMPORAL_ADDRESS"));
    env.put("HELM_HOME", home.toString());
    env.put("HELM_PORT", String.valueOf(Launched.freePorts()));
    env.put("HELM_ENGINE", "own");
    Process process = builder.start();
    assertThat(process.waitFor(4, TimeUnit.MINUTES)).isTrue();
    String said = Files.readString(words);
    assertThat(process.exitValue()).as(said).isZero();
    return said;
  }

  private static Path copyOfSite() throws IOException {
    Path from = Launched.checkout().resolve("examples/q1-competitor-brief/site");
    Path to = Files.createTempDirectory(Path.of("/tmp"), "hs");
    Files.setAttribute(to, "unix:mode", 0755);
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(folder).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, to.resolve(from.relativize(file).toString()));
            return FileVisitResult.CONTINUE;
          }
        });
    return to;
  }

  /** The one run's workspace. */
  private Path run() throws IOException {
    try (Stream<Path> runs = Files.list(home.resolve("workspaces"))) {
      return runs.findFirst().orElseThrow();
    }
  }

  private List<String> rows() throws IOException {
    return Files.readAllLines(run().resolve("competitive_intel.csv")).stream().skip(1).toList();
  }

  /** The table's columns end with employee_count and source, which hold no comma. */
  private static int employees(String row) {
    String[] cells = row.split(",", -1);
    String count = cells[cells.length - 2];
    return count.isEmpty() ? Integer.MAX_VALUE : Integer.parseInt(count);
  }

  private String mail() throws IOException {
    try (Stream<Path> mails = Files.list(run().resolve("outbox"))) {
      return Files.readString(mails.findFirst().orElseThrow());
    }
  }
}
