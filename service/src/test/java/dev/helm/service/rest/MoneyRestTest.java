package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Role;
import dev.helm.service.ledger.Days;
import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.PriceTable;
import dev.helm.service.ledger.Reserve;
import dev.helm.service.ledger.TokenUsage;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Budgets and usage over REST: what is refused, who sees what, and that figures are the ledger's.
 */
class MoneyRestTest {
  private static RunningService service;
  private static String owner;

  @BeforeAll
  static void start() {
    service = RunningService.start();
    owner = service.person("boss", Map.of("*", Role.OWNER));
    service.as(owner);
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  private static RunningService.Answer put(String scope, String body) {
    return service.call(owner, "PUT", "/api/budgets/" + scope, body);
  }

  @Test
  void aCapIsSetShownAndTakenAway() {
    RunningService.Answer set = put("project:default", "{\"dayUsd\":\"20\",\"totalUsd\":\"0.5\"}");
    assertThat(set.status()).isEqualTo(200);
    assertThat(set.json().path("items")).hasSize(2);
    assertThat(set.json().at("/items/0/capUsd").asText()).isEqualTo("20.000000");
    assertThat(set.json().at("/items/0/by").asText()).isEqualTo("boss");
    assertThat(set.json().at("/items/0/resetsAt").asText()).endsWith("T00:00:00.000Z");
    assertThat(set.json().at("/items/1/period").asText()).isEqualTo("total");
    assertThat(set.json().at("/items/1").has("resetsAt")).isFalse();
    assertThat(put("project:default", "{\"dayUsd\":null}").json().path("items")).isEmpty();
  }

  @Test
  void whatIsNoCapIsRefusedWithItsCode() {
    for (String amount : List.of("0", "0.000000", "-1", "100000000.000001")) {
      RunningService.Answer answer = put("installation", "{\"monthUsd\":\"" + amount + "\"}");
      assertThat(answer.status()).as(amount).isEqualTo(400);
      assertThat(answer.text("code")).as(amount).isEqualTo("invalid_cap");
      assertThat(answer.json().at("/errors/0/path").asText()).isEqualTo("monthUsd");
    }
    assertThat(put("installation", "{\"monthUsd\":\"1.0000001\"}").status()).isEqualTo(400);
    assertThat(put("installation", "{\"yearUsd\":\"1\"}").status()).isEqualTo(400);
    for (String scope : List.of("run", "nothing", "project:", "project:A", "installation:x")) {
      assertThat(put(scope, "{}").text("code")).as(scope).isEqualTo("invalid_input");
    }
    assertThat(put("blueprint:nowhere", "{}").status()).isEqualTo(404);
    assertThat(put("project:defualt", "{\"dayUsd\":\"3\"}").status()).isEqualTo(404);
    service.person("new-there", Map.of("begun", Role.OPERATOR));
    assertThat(put("project:begun", "{\"dayUsd\":\"3\"}").status()).isEqualTo(200);
    assertThat(put("account:nobody-here", "{}").status()).isEqualTo(404);
    assertThat(put("account:boss", "{\"dayUsd\":\"3\"}").status()).isEqualTo(200);
    String viewer = service.person("looks", Map.of("default", Role.VIEWER));
    RunningService.Answer seen = service.call(viewer, "GET", "/api/budgets", null);
    assertThat(seen.json().toString()).doesNotContain("account:boss", "installation");
    for (String scope : List.of("installation", "account:looks", "project:default")) {
      assertThat(service.call(viewer, "PUT", "/api/budgets/" + scope, "{}").status())
          .as(scope)
          .isEqualTo(403);
    }
    assertThat(service.call(viewer, "PUT", "/api/budgets/project:other", "{}").status())
        .isEqualTo(404);
  }

  @Test
  void usageIsWhatTheLedgerBooked() {
    String run = service.run();
    Ledger ledger =
        new Ledger(service.store(), PriceTable.load(Path.of("no-home")), new Days(ZoneOffset.UTC));
    String boot = "b".repeat(32);
    ledger.hello(boot).join();
    String token = service.store().runs().modelToken(run, 1).reveal();
    String id = run.replace(run.charAt(0), 'a');
    ledger
        .reserve(boot, new Reserve(id, token, null, "claude-sonnet-4-5", 100, 100, 0, List.of()))
        .join();
    ledger.settle(id, new TokenUsage(100, 10, 1, 20, 5), "msg_1").join();
    String cost = service.get("/api/runs/" + run).text("spentUsd");
    for (String by : List.of("day", "blueprint", "model", "user")) {
      RunningService.Answer usage = service.get("/api/usage?by=" + by);
      assertThat(usage.json().path("items")).as(by).hasSize(1);
      assertThat(usage.json().at("/items/0/costUsd").asText()).isEqualTo(cost);
      assertThat(usage.json().at("/items/0/cacheWriteTokens").asInt()).isEqualTo(20);
      assertThat(usage.json().at("/items/0/calls").asInt()).isEqualTo(1);
    }
    assertThat(service.get("/api/usage?by=day&from=today").json().path("items")).hasSize(1);
    assertThat(service.get("/api/usage?by=model").json().at("/items/0/key").asText())
        .isEqualTo("claude-sonnet-4-5");
    assertThat(service.get("/api/usage?from=2001-01-01&to=2001-01-02").json().path("items"))
        .isEmpty();
    String stranger = service.person("other", Map.of("elsewhere", Role.OWNER));
    assertThat(service.call(stranger, "GET", "/api/usage", null).json().path("items")).isEmpty();
    for (String wrong :
        List.of("by=week", "from=yesterday", "from=2026-02-30", "from=2026-02-02&to=2026-02-01")) {
      assertThat(service.get("/api/usage?" + wrong).text("code"))
          .as(wrong)
          .isEqualTo("invalid_input");
    }
    assertThat(service.get("/api/usage?cursor=x").text("code")).isEqualTo("invalid_cursor");
  }
}
