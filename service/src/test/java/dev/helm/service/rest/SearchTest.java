package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Role;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Search over HTTP: filters, pages, projects, and texts that mean harm. */
class SearchTest {
  private static RunningService service;
  private static String owner;

  @BeforeAll
  static void start() {
    service = RunningService.start();
    owner = service.person("boss", Map.of("*", Role.OWNER));
    service.as(owner);
    for (String project : List.of("infra-ops", "market-intel")) {
      String yaml =
          RunningService.BRIEF.replace(
              "name: brief", "name: of-" + project + "\nproject: " + project);
      assertThat(service.putYaml("of-" + project, yaml).status()).isEqualTo(201);
    }
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  private static String run(String project, String name) {
    return service
        .post("/api/runs", "{\"blueprint\":\"of-" + project + "\",\"name\":\"" + name + "\"}")
        .text("id");
  }

  private static void say(String run, String text) {
    service
        .store()
        .log()
        .append(
            run,
            List.of(
                new Fact(
                    "say/" + text.hashCode(),
                    "main",
                    new RunEvent.ToolOutput("tu", Content.text(text), 0))));
  }

  private static String query(String q) {
    return URLEncoder.encode(q, StandardCharsets.UTF_8);
  }

  /** The answer once it has so many hits. */
  private static JsonNode find(String query, int hits) {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      RunningService.Answer answer = service.get("/api/search?" + query);
      assertThat(answer.status()).as(answer.raw().body()).isEqualTo(200);
      if (answer.json().path("items").size() == hits || System.nanoTime() > due) {
        assertThat(answer.json().path("items").size()).as(answer.raw().body()).isEqualTo(hits);
        return answer.json();
      }
      LockSupport.parkNanos(20_000_000);
    }
  }

  @Test
  void hitsSayWhereTheyAreWithMarksAsOffsets() {
    String run = run("infra-ops", "rotation");
    say(run, "<b>Certificates</b> expire on Friday");
    JsonNode hit = find("q=" + query("certificates friday"), 1).path("items").get(0);
    assertThat(hit.path("run").asText()).isEqualTo(run);
    assertThat(hit.path("runName").asText()).isEqualTo("rotation");
    assertThat(hit.path("type").asText()).isEqualTo("tool.output");
    JsonNode snippet = hit.path("snippet");
    String text = snippet.path("text").asText();
    assertThat(text).isEqualTo("<b>Certificates</b> expire on Friday · tu");
    assertThat(snippet.path("marks"))
        .extracting(m -> text.substring(m.path("start").asInt(), m.path("end").asInt()))
        .containsExactly("Certificates", "Friday");
    find("q=certificates&run=" + run.substring(0, 16), 1);
    find("q=certificates&type=tool.output,model.message", 1);
    find("q=certificates&type=model.message", 0);
    assertThat(service.get("/api/search?q=certificates&limit=1").json().has("nextCursor"))
        .isFalse();
  }

  @Test
  void runsAreFoundByWhatHappenedInThemAndByTime() {
    String run = run("market-intel", "quarterly");
    say(run, "an unmistakableword in the log");
    find("q=unmistakableword", 1);
    for (String q :
        List.of(
            "q=unmistakable*", "q=quarterl", "q=" + run.substring(3, 20), "q=unmistakableword")) {
      JsonNode found = service.get("/api/runs?" + q).json().path("items");
      assertThat(found).as(q).extracting(item -> item.path("id").asText()).contains(run);
    }
    assertThat(items("q=unmistakableword&project=infra-ops")).isEmpty();
    assertThat(items("q=unmistakableword&project=market-intel")).containsExactly(run);
    Instant now = service.clock.instant();
    String before = query(now.minus(Duration.ofDays(1)).toString());
    String after = query(now.plus(Duration.ofDays(400)).toString());
    assertThat(items("q=unmistakableword&since=" + before)).containsExactly(run);
    assertThat(items("q=unmistakableword&until=" + before)).isEmpty();
    assertThat(items("q=unmistakableword&since=" + after)).isEmpty();
    assertThat(items("q=unmistakableword&since=2000-01-01T00:00:00%2B02:00")).containsExactly(run);
  }

  private static List<String> items(String query) {
    RunningService.Answer answer = service.get("/api/runs?" + query);
    assertThat(answer.status()).as(answer.raw().body()).isEqualTo(200);
    return answer.json().path("items").findValuesAsText("id");
  }

  @Test
  void whatLiesOutsideOnesProjectsIsNotThere() {
    String theirs = run("market-intel", "secret plans");
    say(theirs, "zanzibar expansion");
    find("q=zanzibar", 1);
    String ann = service.person("ann", Map.of("infra-ops", Role.OWNER));
    try {
      service.as(ann);
      assertThat(service.get("/api/search?q=zanzibar").json().path("items").size()).isZero();
      assertThat(service.get("/api/search?q=zanzibar&run=" + theirs).status()).isEqualTo(404);
      assertThat(items("q=zanzibar")).isEmpty();
      assertThat(items("project=market-intel")).isEmpty();
    } finally {
      service.as(owner);
    }
  }

  @Test
  void whatIsWrongIsToldAndNothingIsA500() {
    for (String q :
        List.of(
            "",
            "q=",
            "q=***",
            "q=a*",
            "q=x&type=nope",
            "q=x&limit=0",
            "q=x&cursor=zz",
            "q=" + "x".repeat(201),
            "q=" + "a%20".repeat(20))) {
      RunningService.Answer answer = service.get("/api/search?" + q);
      assertThat(answer.status()).as(q).isEqualTo(400);
      assertThat(answer.text("code")).as(q).isIn("invalid_input", "invalid_cursor");
    }
    for (String q : List.of("since=yesterday", "until=2026-13-01T00:00:00Z", "since=2026-01-01")) {
      assertThat(service.get("/api/runs?" + q).status()).as(q).isEqualTo(400);
    }
    long seed = System.nanoTime();
    System.out.println("hostile search seed " + seed);
    Random random = new Random(seed);
    String letters = "ab \"*()^:-+{}ANDORNEAR'%\\;\u0301é日\ud83d\ude00\u202e";
    for (int i = 0; i < 150; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(60); n >= 0; n--) {
        text.append(letters.charAt(random.nextInt(letters.length())));
      }
      for (String path : List.of("/api/search?q=", "/api/runs?q=")) {
        int status = service.get(path + query(text.toString())).status();
        assertThat(status).as(text.toString()).isIn(200, 400);
      }
    }
  }

  @Test
  void theStatusTellsOfTheIndex() {
    JsonNode components = service.get("/api/status").json().path("components");
    assertThat(components)
        .filteredOn(part -> part.path("name").asText().equals("search"))
        .singleElement()
        .satisfies(part -> assertThat(part.path("state").asText()).isEqualTo("healthy"));
  }
}
