package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Role;
import dev.helm.api.event.LoggedEvent;
import dev.helm.cli.verify.Verifier;
import dev.helm.workflows.HelmJson;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who did what is in the audit log before the answer is sent, and an export proves it. */
@Timeout(120)
class AuditTest {
  @Test
  void logInsLooksDecisionsAndChangesAreRecordedOnce() throws Exception {
    try (RunningService service = RunningService.start()) {
      assertThat(service.login("owner", "wrong").status()).isEqualTo(401);
      String run = service.run();
      String key = UUID.randomUUID().toString();
      for (int i = 0; i < 3; i++) {
        assertThat(service.get("/api/runs/" + run.substring(0, 8) + "/events").status())
            .isEqualTo(200);
        service.post(
            "/api/runs/" + run + "/messages", "{\"text\":\"secret words\",\"when\":\"next\"}", key);
      }
      String hash = service.backend().ask(run, "p-1");
      service.post(
          "/api/permissions/p-1",
          "{\"decision\":\"deny\",\"argumentsHash\":\"" + hash + "\",\"reason\":\"not now\"}");
      service.post("/api/users", "{\"name\":\"ada\",\"roles\":{\"default\":\"viewer\"}}");
      List<JsonNode> entries = entries(service);
      assertThat(types(entries))
          .containsExactly(
              "login.failed",
              "login.succeeded",
              "change.made",
              "change.made",
              "content.read",
              "change.made",
              "change.asked",
              "decision.made",
              "change.made");
      assertThat(entries.get(0).at("/data/reason").asText()).isEqualTo("name or proof wrong");
      assertThat(entries.get(4).at("/data/object").asText()).isEqualTo(run);
      assertThat(entries.get(7).at("/data/asked.decision").asText()).isEqualTo("deny");
      assertThat(entries.get(8).at("/data/asked.roles").asText()).contains("viewer");
      assertThat(entries.toString()).doesNotContain("secret words");
      for (JsonNode entry : entries) {
        LoggedEvent event = HelmJson.mapper().convertValue(entry, LoggedEvent.class);
        assertThat(event.computedHash()).isEqualTo(event.hash());
      }
      assertThat(verify(service, "/api/audit/export").verified()).isTrue();
    }
  }

  @Test
  void looksAtContentAreRecordedByWhatWasMatched() throws Exception {
    try (RunningService service = RunningService.start()) {
      String run = service.run();
      long before = service.get("/api/audit").json().path("last").asLong();
      for (int i = 0; i < 2; i++) {
        for (String path :
            List.of(
                "/api/runs",
                "/api/runs/" + run,
                "/api//runs/" + run + "/",
                "/api/runs/" + run.substring(0, 8) + "/export",
                "/api/search?q=x",
                "/api/inbox",
                "/api/blueprints",
                "/api/users",
                "/api/status")) {
          service.get(path);
        }
      }
      assertThat(service.get("/api/runs;x/" + run + "/export").status()).isEqualTo(400);
      assertThat(service.get("/api/runs/" + run + ";x=1/export").status()).isEqualTo(400);
      List<String> looks = new ArrayList<>();
      service
          .get("/api/audit?after=" + before)
          .json()
          .path("items")
          .forEach(
              e -> looks.add(e.at("/data/object").asText() + " " + e.at("/data/what").asText()));
      assertThat(looks)
          .containsExactlyInAnyOrder(
              "audit audit",
              "runs runs",
              run + " run",
              run + " export",
              "search search",
              "inbox inbox",
              "blueprints blueprints");
    }
  }

  @Test
  void aChangeThatIsRefusedLeavesItsTraceToo() throws Exception {
    try (RunningService service = RunningService.start()) {
      service.post("/api/users", "{\"name\":\"ada\",\"roles\":{\"no such\":\"boss\"}}");
      assertThat(types(entries(service))).containsExactly("login.succeeded", "change.refused");
    }
  }

  @Test
  void aTicketDownloadsExactlyItsExportOnce() throws Exception {
    try (RunningService service = RunningService.start()) {
      String run = service.run();
      String path = "/api/runs/" + run + "/export";
      String ticket =
          service
              .post("/api/auth/ticket", "{\"for\":\"download\",\"path\":\"" + path + "\"}")
              .text("ticket");
      String other = "/api/audit/export";
      assertThat(plain(service, other + "?ticket=" + ticket)).isEqualTo(401);
      ticket =
          service
              .post("/api/auth/ticket", "{\"for\":\"download\",\"path\":\"" + path + "\"}")
              .text("ticket");
      assertThat(plain(service, path + "?ticket=" + ticket)).isEqualTo(200);
      assertThat(plain(service, path + "?ticket=" + ticket)).isEqualTo(401);
      assertThat(plain(service, "/api/runs/" + run + "/events?ticket=" + ticket)).isEqualTo(401);
      assertThat(plain(service, path)).isEqualTo(401);
    }
  }

  @Test
  void theKeyIsShownAndSignsWhatIsExported() throws Exception {
    try (RunningService service = RunningService.start()) {
      String run = service.run();
      String id = service.get("/api/audit/key").text("keyId");
      assertThat(service.get("/api/status").raw().body()).contains("signs with key " + id);
      assertThat(verify(service, "/api/runs/" + run + "/export").about())
          .containsEntry("keyId", id);
      JsonNode checkpoints = service.get("/api/runs/" + run + "/checkpoints").json();
      assertThat(checkpoints.at("/items/0/keyId").asText()).isEqualTo(id);
      assertThat(checkpoints.path("last").asLong()).isPositive();
      service.as(service.person("eve", Map.of("default", Role.OWNER)));
      assertThat(service.get("/api/audit").status()).isEqualTo(403);
    }
  }

  @Test
  void entriesAreFoundByWhoAndWhatAndPagedBothWays() throws Exception {
    try (RunningService service = RunningService.start()) {
      String run = service.run();
      service.post("/api/runs/" + run + "/pause", "{}");
      service.get("/api/runs/" + run + "/events");
      service.person("eve", Map.of("default", Role.VIEWER));
      List<JsonNode> all = entries(service);
      assertThat(all.size()).isGreaterThan(4);
      long last = all.getLast().path("seq").asLong();
      List<JsonNode> back = new ArrayList<>();
      for (long before = last + 1; back.size() < all.size(); ) {
        JsonNode items = service.get("/api/audit?limit=2&before=" + before).json().path("items");
        assertThat(items).isNotEmpty();
        List<JsonNode> page = new ArrayList<>();
        items.forEach(page::add);
        before = page.getFirst().path("seq").asLong();
        back.addAll(0, page);
      }
      assertThat(back).isEqualTo(all);
      String who = all.getFirst().path("agent").asText();
      JsonNode changed =
          service
              .get(
                  "/api/audit?action=change.asked,change.made&before=" + (last + 1) + "&who=" + who)
              .json()
              .path("items");
      assertThat(changed).isNotEmpty();
      changed.forEach(
          item -> {
            assertThat(item.path("type").asText()).startsWith("change.");
            assertThat(item.path("agent").asText()).isEqualTo(who);
          });
      assertThat(service.get("/api/audit?who=nobody%27%20OR%201").json().path("items")).isEmpty();
      assertThat(service.get("/api/audit?action=change.").status()).isEqualTo(400);
      assertThat(service.get("/api/audit?before=0").status()).isEqualTo(400);
    }
  }

  private static int plain(RunningService service, String path) {
    return service.send(service.request(path).GET()).status();
  }

  private static dev.helm.cli.verify.Report verify(RunningService service, String path)
      throws Exception {
    HttpRequest request = service.authorized(path).GET().build();
    Path file = service.home.resolve("got.zip");
    HttpResponse<Path> answer =
        service.http().send(request, HttpResponse.BodyHandlers.ofFile(file));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/zip");
    try {
      return new Verifier(file, "", null).verify();
    } finally {
      Files.delete(file);
    }
  }

  private static List<JsonNode> entries(RunningService service) {
    List<JsonNode> entries = new ArrayList<>();
    service.get("/api/audit").json().path("items").forEach(entries::add);
    return entries;
  }

  private static List<String> types(List<JsonNode> entries) {
    return entries.stream().map(entry -> entry.path("type").asText()).toList();
  }
}
