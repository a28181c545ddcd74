package dev.helm.service.run;

import static dev.helm.service.run.ExampleRig.command;
import static dev.helm.service.run.ExampleRig.data;
import static dev.helm.service.run.ExampleRig.names;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.DayOfWeek;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The examples, whole: real service, Temporal, containers and key proxy, the practice model, and a
 * person who decides. Each is judged by what it leaves behind, once allowed and once denied.
 */
@Tag("engine")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // made before all tests
class ExamplesTest {
  private static ExampleRig rig;
  private static @Nullable RealPostgres database;

  @TempDir Path temp;

  @BeforeAll
  static void start() throws Exception {
    Assumptions.assumeTrue(
        System.getenv("HELM_TEST_DOCKER_HOST") != null, "HELM_TEST_DOCKER_HOST is not set");
    database = RealPostgres.start();
    rig = new ExampleRig(database == null ? null : database.port);
  }

  @AfterAll
  static void stop() throws Exception {
    if (rig != null) {
      rig.close();
    }
    if (database != null) {
      database.close();
    }
  }

  // ---- bank-reconciliation -----------------------------------------------------------------

  @Test
  void reconciliationIsToTheCentAndAsksAboutTheRest() throws Exception {
    rig.apply("bank-reconciliation");
    String run = rig.start("bank-reconciliation");
    assertThat(rig.answer(run, 1, "book it")).contains("FEE-03", "-12.50", "no entry");
    assertThat(rig.answer(run, 2, "the bank is wrong"))
        .contains("INV-1046", "845.00", "845.01", "the difference is -0.01");
    assertThat(rig.answer(run, 3, "leave it open")).contains("INV-1048", "560.00", "no such line");
    JsonNode post = rig.asked(run, 1);
    assertThat(data(post, "tool")).isEqualTo("PostJournal");
    rig.allow(post);
    assertThat(rig.end(run)).contains("12 lines match to the cent", "posted FEE-03 4855 1250");
    assertThat(rig.file(run, "journal.csv"))
        .isEqualTo("FEE-03,4855,debit,1250,\"Bank fee 2026-03, booked as a person decided\"\n");
    assertThat(rig.file(run, "report.md"))
        .contains("14 bank lines, 14 ledger entries, 12 matched to the cent.")
        .contains("Bank 5768.22, ledger 6340.73, difference -572.51.")
        .contains("FEE-03", "Decision: book it", "Decision: the bank is wrong")
        .contains("560.00 on 2026-03-30, the bank has no such line. Decision: leave it open")
        .contains("- FEE-03 to 4855, debit 12.50:");
    Path bank = ExampleRig.EXAMPLES.resolve("bank-reconciliation/files/bank.csv");
    assertThat(rig.file(run, "bank.csv")).isEqualTo(Files.readString(bank));
    assertThat(rig.file(run, "cents.py") + rig.file(run, "reconcile.py"))
        .doesNotContain("float", "round(");
  }

  @Test
  void aDeniedPostIsNotInTheJournal() throws Exception {
    rig.apply("bank-reconciliation");
    String run = rig.start("bank-reconciliation");
    for (int n = 1; n <= 3; n++) {
      String unused = rig.answer(run, n, n == 1 ? "book it" : "leave it open");
    }
    rig.deny(rig.asked(run, 1), "the bank refunds it");
    assertThat(rig.end(run)).contains("was not made", "the bank refunds it");
    assertThat(rig.file(run, "report.md")).contains("## Posted\n- nothing");
    assertThat(rig.log(run)).doesNotContain("\"path\":\"journal.csv\"");
  }

  // ---- jwt-migration -----------------------------------------------------------------------

  @Test
  void migrationTurnsRedTestsGreenAndHandsOverWhatWasAllowed() throws Exception {
    rig.apply("jwt-migration");
    String run = rig.start("jwt-migration");
    String denied = rig.start("jwt-migration");
    JsonNode publish = rig.asked(run, 1);
    assertThat(data(publish, "tool")).isEqualTo("Publish");
    rig.deny(rig.asked(denied, 1), "not before the release");
    assertThat(rig.end(denied)).contains("not handed over", "not before the release");
    assertThat(command(rig.remote, "git", "branch", "-a")).isEmpty();
    rig.allow(publish);
    assertThat(rig.end(run)).contains("8 tests pass");
    assertThat(rig.log(run)).contains("FAILED (").contains("Ran 8 tests");
    Path clone = temp.resolve("clone");
    command(temp, "git", "clone", "-q", "-b", "jwt-migration", rig.remote.toString(), "clone");
    assertThat(command(clone, "git", "ls-files").lines())
        .containsExactly("app/api.py", "app/tokens.py", "tests/test_notes.py");
    // The remote had nothing: what was handed over is put over the service as it was, and tested.
    Path service = temp.resolve("service");
    Path before = ExampleRig.EXAMPLES.resolve("jwt-migration/files").toRealPath();
    command(temp, "cp", "-r", before.toString(), service.toString());
    assertThat(run(service, "python3", "-B", "-m", "unittest", "discover")).isNotZero();
    command(temp, "cp", "-r", clone + "/app", clone + "/tests", service.toString());
    assertThat(run(service, "python3", "-B", "-m", "unittest", "discover")).isZero();
  }

  private static int run(Path folder, String... line) throws Exception {
    Process process =
        new ProcessBuilder(line)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("tests.log").toFile())
            .start();
    return process.waitFor();
  }

  // ---- weekly-status -----------------------------------------------------------------------

  @Test
  void theStatusIsPublishedOnceSomebodyAllowsIt() throws Exception {
    rig.apply("weekly-status");
    JsonNode schedule = rig.schedule("weekly-status");
    for (JsonNode next : schedule.path("next")) {
      OffsetDateTime local = OffsetDateTime.parse(next.path("local").asText());
      assertThat(local.getDayOfWeek()).isEqualTo(DayOfWeek.MONDAY);
      assertThat(local.toLocalTime()).isEqualTo(LocalTime.of(8, 0));
    }
    assertThat(schedule.path("next")).isNotEmpty();
    String run = rig.trigger("weekly-status");
    assertThat(data(rig.events(run, "run.created").getFirst(), "schedule"))
        .isEqualTo("weekly-status");
    String denied = rig.start("weekly-status");
    JsonNode publish = rig.asked(run, 1);
    rig.deny(rig.asked(denied, 1), "grace is on leave, write that first");
    assertThat(rig.end(denied)).contains("was not published", "grace is on leave");
    assertThat(names(rig.published)).isEmpty();
    rig.allow(publish);
    assertThat(rig.end(run)).isEqualTo("The weekly status is published.");
    assertThat(names(rig.published)).hasSize(1);
    Path status = rig.published.resolve(names(rig.published).getFirst()).resolve("status.md");
    assertThat(status)
        .content()
        .contains("## Done (2)", "- HLM-12 Migrate log-in to JWT (ada)")
        .contains("(linus): waits for the maintenance window")
        .contains("## Code (4 commits)", "77d0aa4");
  }

  // ---- events-etl --------------------------------------------------------------------------

  @Test
  void eventsAreInTheWarehouseOnceAndTheAlertIsGated() throws Exception {
    rig.apply("events-etl");
    String run = rig.start("events-etl");
    String denied = rig.start("events-etl");
    JsonNode alert = rig.asked(run, 1);
    assertThat(data(alert, "tool")).isEqualTo("Alert");
    rig.deny(rig.asked(denied, 1), "known outage");
    assertThat(rig.end(denied)).contains("nobody was alerted", "known outage");
    assertThat(alerts()).isZero();
    rig.allow(alert);
    assertThat(rig.end(run)).contains("153 events are in the warehouse");
    assertThat(alerts()).isOne();
    String sent =
        rig.posted.stream().filter(p -> p.startsWith("alerts.demo.test ")).findFirst().orElse("");
    assertThat(sent)
        .contains("\"severity\":\"critical\"")
        .contains("ANOMALY checkout at 14:00 UTC: 0 events, usual is 4")
        .contains("ANOMALY refund at 14:00 UTC: 9 events, usual is 0");
    Path copy = temp.resolve("warehouse.db");
    Files.write(copy, rig.bytes(run, "warehouse.db"));
    try (Connection db = DriverManager.getConnection("jdbc:sqlite:" + copy);
        Statement sql = db.createStatement()) {
      assertThat(number(sql, "SELECT count(*) FROM events")).isEqualTo(153);
      assertThat(number(sql, "SELECT count(*) FROM rejected")).isEqualTo(2);
      assertThat(
              number(sql, "SELECT count(*) FROM events WHERE kind = 'refund' AND at LIKE '%T14%'"))
          .isEqualTo(9);
    }
  }

  private static long alerts() {
    return rig.posted.stream().filter(p -> p.startsWith("alerts.demo.test ")).count();
  }

  private static long number(Statement sql, String query) throws Exception {
    try (ResultSet row = sql.executeQuery(query)) {
      return row.getLong(1);
    }
  }

  // ---- ticket-triage -----------------------------------------------------------------------

  @Test
  void ticketsAreLabelledAndOnlyAllowedAnswersGoOut() throws Exception {
    rig.apply("ticket-triage");
    String run = rig.start("ticket-triage");
    JsonNode first = rig.asked(run, 1);
    assertThat(data(first, "tool")).isEqualTo("mcp__tickets__answer_ticket");
    assertThat(data(first, "diff")).as("the ticket is shown").contains("I was charged twice");
    rig.allow(first);
    rig.allow(rig.asked(run, 2));
    rig.deny(rig.asked(run, 3), "we do not have her address");
    assertThat(rig.end(run))
        .contains("T-101 · answered · label billing")
        .contains("T-102 · answered · label how-to")
        .contains("T-103 · open · label bug")
        .contains("T-104 · open · label spam · You won · answer: None")
        .contains("T-105 · open · label billing · Invoice address · answer: None");
    assertThat(rig.events(run, "permission.requested")).hasSize(3);
  }

  // ---- db-password-rotate ------------------------------------------------------------------

  @Test
  void nothingIsAlteredBeforeAPersonAllowsItAndNoPasswordIsAnywhere() throws Exception {
    Assumptions.assumeTrue(
        database != null || "true".equals(System.getenv("CI")), "PostgreSQL is not installed");
    String old = "old-orders-4471";
    String next = "next-orders-9c02e7";
    RealPostgres db = java.util.Objects.requireNonNull(database);
    db.sql("CREATE ROLE orders LOGIN PASSWORD '" + old + "'");
    rig.secret("infra-ops", "DB_ADMIN_PASSWORD", db.password);
    rig.secret("infra-ops", "ORDERS_DB_PASSWORD_NEXT", next);
    rig.apply("db-password-rotate");
    String denied = rig.start("db-password-rotate");
    JsonNode asked = rig.asked(denied, 1);
    assertThat(data(asked, "tool")).isEqualTo("mcp__db__rotate");
    assertThat(data(asked, "diff")).contains("orders: log-in true, superuser false");
    rig.deny(asked, "not in business hours");
    assertThat(rig.end(denied)).contains("The password is as it was", "not in business hours");
    assertThat(db.logsIn("orders", old)).isTrue();
    assertThat(db.logsIn("orders", next)).isFalse();

    String run = rig.start("db-password-rotate");
    rig.allow(rig.asked(run, 1));
    JsonNode tell = rig.asked(run, 2);
    assertThat(data(tell, "tool")).isEqualTo("TellOrders");
    rig.allow(tell);
    assertThat(rig.end(run)).contains("log-in with it works");
    assertThat(db.logsIn("orders", next)).isTrue();
    assertThat(db.logsIn("orders", old)).isFalse();
    assertThat(rig.posted)
        .contains(
            "orders.demo.test {\"setting\":\"DATABASE_PASSWORD\",\"value\":\"%s\",\"reason\":\"rotation\"}"
                .formatted(next));
    assertThat(rig.log(run) + rig.log(denied) + rig.said())
        .doesNotContain(next, db.password, old)
        .contains("mcp__db__rotate");
    assertThat(command(rig.home(), "grep", "-rlaF", "ORDERS_DB_PASSWORD_NEXT", "."))
        .as("the search finds what is there")
        .contains("helm.db");
    command(rig.home(), "sh", "-c", "! grep -rlaF -e " + next + " -e " + db.password + " .");
    assertThat(db.log()).doesNotContain(next);
  }
}
