package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.images.ImageList;
import dev.helm.api.blueprint.BlueprintSchema;
import dev.helm.cli.Context;
import dev.helm.cli.Env;
import dev.helm.cli.Helm;
import dev.helm.cli.Out;
import dev.helm.cli.render.Paint;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlueprintVersionsTest {
  private static final String TRIAGE =
      """
      name: triage
      model: {name: claude-sonnet-4-5}
      task: Go through the tickets
      mcpServers:
        tickets: {package: "npm:tickets@1.0.0", secrets: [TICKETS_TOKEN], egress: [api.tickets.example]}
      tools: [mcp__tickets]
      """;

  private static RunningService service;

  @BeforeAll
  static void start() {
    service = RunningService.start();
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  @Test
  void whatIsShownIsAppliedAgainWithoutANewVersionAndDifferencesAreReadable() {
    assertThat(service.putYaml("triage", TRIAGE).json().path("version").asInt()).isEqualTo(1);
    RunningService.Answer source = service.get("/api/blueprints/triage/source");
    assertThat(source.json().path("version").asInt()).isEqualTo(1);
    String yaml = source.text("yaml");
    RunningService.Answer again = service.putYaml("triage", yaml);
    assertThat(again.status()).isEqualTo(200);
    assertThat(again.json().path("version").asInt()).isEqualTo(1);
    assertThat(service.get("/api/blueprints/triage/diff").text("patch")).isEmpty();

    service.putYaml("triage", TRIAGE.replace("Go through", "Walk through"));
    RunningService.Answer diff = service.get("/api/blueprints/triage/diff");
    assertThat(diff.text("from")).isEqualTo("triage@1");
    assertThat(diff.text("to")).isEqualTo("triage@2");
    assertThat(diff.text("patch"))
        .contains("-task: \"Go through the tickets\"\n+task: \"Walk through the tickets\"\n");
    assertThat(service.get("/api/blueprints/triage@2/diff?to=triage@1").text("patch"))
        .contains("+task: \"Go through");
    assertThat(service.get("/api/blueprints/triage@1/diff?to=triage@9").status()).isEqualTo(404);
    assertThat(service.get("/api/blueprints/none/source").status()).isEqualTo(404);
  }

  @Test
  void anImageOfTheEngineIsForTheOperatorToAllow() {
    String named =
        "name: imaged\nmodel: {name: claude-sonnet-4-5}\ntask: x\ntools: [Read, mcp__s]\n"
            + "sandbox: {image: \"tools:2\"}\n"
            + "mcpServers:\n  s: {command: [x], image: \"team/x:1\"}\n";
    RunningService.Answer refused = service.putYaml("imaged", named);
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.json().at("/errors/0/path").asText()).isEqualTo("sandbox.image");
    assertThat(refused.json().at("/errors/0/hint").asText()).contains("sandbox.images in config");
    service.backend().images = ImageList.of(List.of("tools:*"));
    assertThat(service.putYaml("imaged", named).json().at("/errors/0/path").asText())
        .isEqualTo("mcpServers.s.image");
    service.backend().images = ImageList.of(List.of("tools:*", "team/*"));
    assertThat(service.putYaml("imaged", named).status()).isEqualTo(201);
    String start = "{\"blueprint\":\"imaged\"}";
    RunningService.Answer started = service.post("/api/runs", start);
    assertThat(started.status()).isEqualTo(201);
    // The list has become shorter since the version was stored.
    service.backend().images = ImageList.of(List.of("team/*"));
    RunningService.Answer late = service.post("/api/runs", start);
    assertThat(late.status()).isEqualTo(400);
    assertThat(late.raw().body()).contains("does not let blueprints name the image tools:2");
    RunningService.Answer fork =
        service.post("/api/runs/" + started.text("id") + "/fork", "{\"at\":\"start\"}");
    assertThat(fork.status()).as(fork.raw().body()).isEqualTo(400);
    assertThat(fork.raw().body()).contains("does not let blueprints name the image tools:2");
    service.backend().images = ImageList.NONE;
  }

  @Test
  void anIssuerIsRequiredAndAnotherOneIsADifference() {
    String crm =
        "name: crm\nmodel: {name: claude-sonnet-4-5}\ntask: x\ntools: [mcp__crm]\nmcpServers:\n"
            + "  crm: {url: \"https://mcp.crm.example/mcp\", auth: {oauth: {ISSUER clientId: a,"
            + " clientSecret: CRM_SECRET}}}\n";
    RunningService.Answer none = service.putYaml("crm", crm.replace("ISSUER", ""));
    assertThat(none.status()).isEqualTo(400);
    assertThat(none.json().at("/errors/0/path").asText())
        .isEqualTo("mcpServers.crm.auth.oauth.issuer");
    assertThat(none.json().at("/errors/0/message").asText()).contains("is given the client's");
    String first = crm.replace("ISSUER", "issuer: \"https://login.crm.example\",");
    assertThat(service.putYaml("crm", first.replace("https://l", "http://l")).status())
        .isEqualTo(400);
    assertThat(service.putYaml("crm", first).status()).isEqualTo(201);
    service.putYaml("crm", first.replace("login", "other"));
    assertThat(service.get("/api/blueprints/crm/diff").text("patch"))
        .contains("issuer: \"https://login.crm.example\"", "+", "https://other.crm.example");
  }

  @Test
  void whatABlueprintCombinesIsInTheAnswer() {
    RunningService.Answer put =
        service.putYaml("triage-2", TRIAGE.replace("name: triage", "name: triage-2"));
    assertThat(put.json().path("ruleOfTwo").path("allThree").asBoolean()).isTrue();
    RunningService.Answer got = service.get("/api/blueprints/triage-2");
    assertThat(got.json().path("ruleOfTwo").path("privateData").get(0).asText())
        .contains("TICKETS_TOKEN");
    assertThat(
            got.json()
                .path("blueprint")
                .path("mcpServers")
                .path("tickets")
                .path("package")
                .asText())
        .isEqualTo("npm:tickets@1.0.0");
  }

  @Test
  void theSchemaIsPublic() {
    RunningService.Answer answer = service.send(service.request(BlueprintSchema.PATH).GET());
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.raw().body()).isEqualTo(BlueprintSchema.json());
  }

  @Test
  void theTerminalInitsAppliesShowsAndComparesAgainstTheRealService(@TempDir Path dir)
      throws IOException {
    Path file = dir.resolve("mcp.yaml");
    assertThat(helm("blueprint", "init", file.toString(), "--template", "mcp"))
        .contains("mcp.yaml");
    assertThat(helm("blueprint", "validate", "-f", file.toString())).contains("my-triage is valid");
    assertThat(helm("blueprint", "apply", "-f", file.toString())).contains("my-triage@1");
    String shown = helm("blueprint", "show", "my-triage");
    Files.writeString(file, shown);
    assertThat(helm("blueprint", "apply", "-f", file.toString())).contains("my-triage@1");
    Files.writeString(file, shown.replace("perRunUsd: \"2.000000\"", "perRunUsd: 3"));
    assertThat(helm("blueprint", "apply", "-f", file.toString())).contains("my-triage@2");
    assertThat(helm("blueprint", "diff", "my-triage"))
        .contains("-  perRunUsd: \"2.000000\"", "+  perRunUsd: \"3.000000\"");
    assertThat(helm("blueprint", "versions", "my-triage")).startsWith("my-triage@2");
  }

  /** What the real terminal prints as data. */
  private static String helm(String... args) {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    ByteArrayOutputStream words = new ByteArrayOutputStream();
    Env env =
        new Env(
            Map.of("HELM_URL", "http://127.0.0.1:" + service.port, "HELM_TOKEN", service.token()),
            Path.of("/"));
    Out out =
        new Out(
            new PrintStream(data, true, StandardCharsets.UTF_8),
            new PrintStream(words, true, StandardCharsets.UTF_8),
            Paint.of(env, false),
            Paint.of(env, false),
            0,
            false);
    int exit = Helm.run(args, new Context(env, out, new ByteArrayInputStream(new byte[0])));
    assertThat(exit).as(words.toString(StandardCharsets.UTF_8)).isZero();
    return data.toString(StandardCharsets.UTF_8);
  }
}
