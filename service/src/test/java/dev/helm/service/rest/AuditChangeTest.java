package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A change and what the audit log says of it are one: neither is there without the other. */
@Timeout(120)
class AuditChangeTest {
  private static final String NO_ENTRY =
      "CREATE TRIGGER no_entry BEFORE INSERT ON audit WHEN NEW.type IN ('change.made',"
          + " 'change.asked', 'decision.made') BEGIN SELECT RAISE(ABORT, 'no room'); END";

  private record Call(String method, String path, String body) {}

  private static RunningService.Answer send(RunningService service, Call call) {
    return service.call(
        service.token(), call.method(), call.path(), call.body().isEmpty() ? null : call.body());
  }

  private static List<JsonNode> entries(RunningService service, long after) {
    List<JsonNode> entries = new ArrayList<>();
    service.get("/api/audit?after=" + after).json().path("items").forEach(entries::add);
    entries.removeIf(entry -> entry.path("type").asText().equals("content.read"));
    return entries;
  }

  private static long last(RunningService service) {
    return service.get("/api/audit").json().path("last").asLong();
  }

  private static List<Call> changes(RunningService service, String run) {
    String rule = remembered(service, run);
    String token =
        service
            .post(
                "/api/tokens",
                "{\"name\":\"old\",\"role\":\"viewer\",\"project\":\"default\",\"days\":1}")
            .json()
            .at("/details/id")
            .asText();
    String user =
        service
            .post("/api/users", "{\"name\":\"eve\",\"roles\":{}}")
            .json()
            .at("/user/id")
            .asText();
    String old = "{\"value\":\"old-horse-battery\"}";
    assertThat(service.call(service.token(), "PUT", "/api/secrets/default/OLD_KEY", old).status())
        .isEqualTo(200);
    String message = service.post("/api/runs/" + run + "/messages", "{\"text\":\"x\"}").text("id");
    return List.of(
        new Call(
            "PUT", "/api/blueprints/brief", RunningService.BRIEF.replace("A brief", "Another")),
        new Call("POST", "/api/runs", "{\"blueprint\":\"brief\"}"),
        new Call("POST", "/api/runs/" + run + "/messages", "{\"text\":\"stop that\"}"),
        new Call("DELETE", "/api/runs/" + run + "/messages/" + message, ""),
        new Call("POST", "/api/users", "{\"name\":\"ada\",\"roles\":{\"default\":\"viewer\"}}"),
        new Call("PATCH", "/api/users/" + user, "{\"roles\":{\"default\":\"approver\"}}"),
        new Call("PATCH", "/api/users/" + user, "{\"disabled\":true}"),
        new Call("POST", "/api/users/" + user + "/password", ""),
        new Call(
            "POST",
            "/api/tokens",
            "{\"name\":\"ci\",\"role\":\"viewer\",\"project\":\"default\",\"days\":1}"),
        new Call("DELETE", "/api/tokens/" + token, ""),
        new Call("PUT", "/api/budgets/project:default", "{\"dayUsd\":\"20\"}"),
        new Call("PUT", "/api/secrets/default/NEW_KEY", "{\"value\":\"correct-horse-7\"}"),
        new Call("DELETE", "/api/secrets/default/OLD_KEY", ""),
        new Call("DELETE", "/api/rules/" + rule, ""));
  }

  @Test
  void withoutItsEntryNoChangeIsMadeAndWithItThereIsOne() {
    try (RunningService service = RunningService.start()) {
      String run = service.run();
      List<Call> changes = changes(service, run);
      service.store().writer().write(tx -> tx.sql().update(NO_ENTRY));
      String before = state(service);
      for (Call call : changes) {
        assertThat(send(service, call).status()).as(call.toString()).isGreaterThanOrEqualTo(500);
      }
      assertThat(state(service)).isEqualTo(before);
      service.store().writer().write(tx -> tx.sql().update("DROP TRIGGER no_entry"));
      for (Call call : changes) {
        long seq = last(service);
        RunningService.Answer answer = send(service, call);
        assertThat(answer.status()).as(call + " " + answer.raw().body()).isBetween(200, 299);
        List<JsonNode> told = entries(service, seq);
        assertThat(told).as(call.toString()).hasSize(1);
        JsonNode entry = told.getFirst();
        assertThat(entry.path("type").asText()).isEqualTo("change.made");
        assertThat(entry.path("agent").asText()).isEqualTo("owner");
        assertThat(entry.at("/data/path").asText()).isEqualTo(call.path());
        assertThat(entry.at("/data/bodySha256").isMissingNode())
            .isEqualTo(call.body().isEmpty() || call.path().contains("/secrets/"));
        // Written with the change, when nobody knew yet what would be answered.
        assertThat(entry.at("/data/status").isMissingNode()).as(call.toString()).isTrue();
      }
    }
  }

  /** Attack: a change is made with a key of yesterday, and the log keeps silent. */
  @Test
  void eachRequestThatIsCarriedOutHasItsEntryAndAReplayHasNone() {
    try (RunningService service = RunningService.start()) {
      String user =
          service
              .post("/api/users", "{\"name\":\"eve\",\"roles\":{}}")
              .json()
              .at("/user/id")
              .asText();
      String path = "/api/users/" + user + "/password";
      for (int day = 0; day < 2; day++) {
        service.as(null);
        long seq = last(service);
        assertThat(service.post(path, "", "K").header("Idempotency-Replayed")).isEmpty();
        assertThat(service.post(path, "", "K").header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(entries(service, seq))
            .as("day " + day)
            .extracting(entry -> entry.path("type").asText())
            .containsExactly("change.made");
        service.clock.forward(java.time.Duration.ofHours(25));
      }
    }
  }

  /** What people could see of all that the calls change. */
  private static String state(RunningService service) {
    return service
        .store()
        .read(
            sql ->
                String.join(
                    "\n",
                    sql.list(
                        "SELECT 'events', count(*) FROM events UNION ALL"
                            + " SELECT 'blueprints', count(*) FROM blueprints UNION ALL"
                            + " SELECT 'runs', count(*) FROM runs UNION ALL"
                            + " SELECT 'caps', count(*) FROM caps UNION ALL"
                            + " SELECT 'rules', count(revoked_at) FROM remembered UNION ALL"
                            + " SELECT 'tokens', count(*) + 1000 * sum(revoked)"
                            + " FROM service_tokens UNION ALL"
                            + " SELECT name || version || disabled || roles, 0 FROM users",
                        row -> row.getString(1) + " " + row.getLong(2))));
  }

  private static String remembered(RunningService service, String run) {
    service.backend().remembered(run, "p-1", "r1");
    return service.get("/api/rules?run=" + run).json().at("/items/0/id").asText();
  }

  /** No type of a run's events fits a revoked rule, so the audit log says who, what and where. */
  @Test
  void aRevokedRuleHoldsNoMoreAtTheNextGateAndTheAuditLogSaysWhoTookItBack() {
    try (RunningService service = RunningService.start()) {
      String run = service.run();
      String rule = remembered(service, run);
      long now = service.clock.millis();
      assertThat(service.store().runs().remembered(run, now)).hasSize(1);
      long seq = last(service);
      for (int i = 0; i < 2; i++) {
        assertThat(service.delete("/api/rules/" + rule).text("state")).isEqualTo("revoked");
        // What each gate reads.
        assertThat(service.store().runs().remembered(run, now)).isEmpty();
      }
      JsonNode entry = entries(service, seq).getFirst();
      assertThat(entry.path("type").asText()).isEqualTo("change.made");
      assertThat(entry.path("agent").asText()).isEqualTo("owner");
      assertThat(entry.at("/data/rule").asText()).isEqualTo("SendEmail");
      assertThat(entry.at("/data/run").asText()).isEqualTo(run);
      JsonNode shown = service.get("/api/rules?run=" + run).json().at("/items/0");
      assertThat(shown.path("revokedBy").asText()).isEqualTo("owner");
      assertThat(shown.path("revokedAt").asText()).isNotEmpty();
    }
  }

  /** Attack: who can write the database has a rule hold again that somebody took back. */
  @Test
  void aRuleThatHoldsAgainBehindTheLogIsFoundByTheNextExport() throws Exception {
    try (RunningService service = RunningService.start()) {
      String run = service.run();
      String rule = remembered(service, run);
      assertThat(service.delete("/api/rules/" + rule + "/").status()).isEqualTo(200);
      service.delete("/api/rules/" + rule);
      assertThat(differing(service, run)).isEmpty();
      edit(service, "UPDATE remembered SET revoked_by = 'eve'");
      assertThat(differing(service, run)).singleElement().asString().contains("revoked_by");
      edit(service, "UPDATE remembered SET revoked_by = NULL, revoked_at = NULL");
      assertThat(differing(service, run)).singleElement().asString().contains("revoked");
      edit(service, "UPDATE remembered SET revoked_by = 'owner', revoked_at = NULL");
      assertThat(differing(service, run)).singleElement().asString().contains("revoked_at");
    }
  }

  private static List<String> differing(RunningService service, String run) {
    return service.store().bundles().tables(run).differences().stream()
        .filter(text -> text.startsWith("remembered"))
        .toList();
  }

  private static void edit(RunningService service, String statement) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + service.home.resolve("helm.db"));
        Statement sql = connection.createStatement()) {
      assertThat(sql.executeUpdate(statement)).isPositive();
    }
  }

  /** Attack: a script that is refused all day fills the disk. */
  @Test
  void repeatedRefusalsAreCountedAndNotToldOneByOne() {
    try (RunningService service = RunningService.start()) {
      long seq = last(service);
      for (int i = 0; i < 50; i++) {
        assertThat(service.delete("/api/rules/r0").status()).isEqualTo(404);
        assertThat(service.delete("/api/tokens/t" + i).status()).isEqualTo(404);
      }
      List<JsonNode> told = entries(service, seq);
      assertThat(told).hasSizeLessThanOrEqualTo(2 * 20);
      assertThat(told)
          .allSatisfy(e -> assertThat(e.path("type").asText()).isEqualTo("change.refused"));
      service.clock.forward(java.time.Duration.ofMinutes(1));
      service.get("/api/blueprints");
      long counted =
          entries(service, seq).stream().mapToLong(e -> e.at("/data/moreTimes").asLong(1)).sum();
      assertThat(counted).isEqualTo(100);
    }
  }
}
