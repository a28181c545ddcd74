package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.practice.DemoSite;
import dev.helm.api.rest.Bodies;
import dev.helm.cli.command.FolderFiles;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The examples with everything that they speak to: one service over real parts, the sites that
 * stand in for others, a folder and a git repository to publish to, and PostgreSQL where it is
 * installed.
 */
final class ExampleRig implements AutoCloseable {
  static final Path EXAMPLES = Path.of("..", "examples");
  private static final List<String> WITH_SITE =
      List.of("weekly-status", "events-etl", "db-password-rotate");

  final Path published;
  final Path remote;

  /** What was posted to a stand-in: its host and the body. */
  final List<String> posted = new CopyOnWriteArrayList<>();

  private final List<DemoSite> sites = new ArrayList<>();
  private final ServiceProcess service;

  /**
   * @param database where {@code db.internal} is, null for nowhere
   */
  ExampleRig(@Nullable Integer database) throws Exception {
    Path home = Files.createTempDirectory(Path.of("/tmp"), "hx");
    published = Files.createDirectories(home.resolve("published").resolve("reports"));
    remote = home.resolve("published").resolve("api.git");
    command(home, "git", "init", "-q", "--bare", "-b", "main", remote.toString());
    StringBuilder targets = new StringBuilder();
    List<String> trust = new ArrayList<>();
    for (String example : WITH_SITE) {
      Path authority = home.resolve(example + ".pem");
      DemoSite site =
          DemoSite.start(
              0, EXAMPLES.resolve(example).resolve("site"), List.of(), authority, posted::add);
      sites.add(site);
      trust.add(String.valueOf(authority.getFileName()));
      for (String host : site.hosts()) {
        targets.append(
            "    - {host: %s, port: 443, protocol: tls, address: \"127.0.0.1:%d\", mirror: true}\n"
                .formatted(host, site.port()));
      }
    }
    if (database != null) {
      targets.append(
          "    - {host: db.internal, port: 5432, protocol: tcp, address: \"127.0.0.1:%d\"}\n"
              .formatted(database));
    }
    String config =
        "egress:\n  targets:\n%s  trust: %s\npublish:\n  status: {folder: %s}\n  api-repo: {git: \"%s\", branch: jwt-migration}\n"
            .formatted(targets, trust, published, remote.toUri());
    service = ServiceProcess.start(home, List.of(EXAMPLES), config, true);
  }

  /** Stores an example's blueprint as {@code helm blueprint apply} does. */
  void apply(String example) throws Exception {
    Path yaml = EXAMPLES.resolve(example).resolve("blueprint.yaml");
    ServiceProcess.Answer put =
        service.putYaml("/api/blueprints/" + example, Files.readString(yaml));
    assertThat(put.status()).as(put.toString()).isIn(200, 201);
  }

  /** Starts a run as {@code helm run EXAMPLE --files …} does, where the example has files. */
  String start(String example) throws Exception {
    Path folder = EXAMPLES.resolve(example).resolve("files");
    List<Bodies.StartFile> files = Files.isDirectory(folder) ? FolderFiles.read(folder) : List.of();
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("blueprint", example);
    if (!files.isEmpty()) {
      body.put("files", files);
    }
    ServiceProcess.Answer started = service.post("/api/runs", body);
    assertThat(started.status()).as(started.toString()).isEqualTo(201);
    return started.body().path("id").asText();
  }

  /** Has the schedule of an example's blueprint fire now. */
  String fire(String schedule) throws Exception {
    ServiceProcess.Answer fired = service.post("/api/schedules/" + schedule + "/trigger", Map.of());
    assertThat(fired.body().path("outcome").asText()).as(fired.toString()).isEqualTo("started");
    return fired.body().path("run").asText();
  }

  /** The n-th permission that a run asks for, from 1. */
  JsonNode asked(String run, int n) throws Exception {
    return nth(run, "permission.requested", n);
  }

  private JsonNode nth(String run, String type, int n) throws Exception {
    ServiceProcess.await(
        type + " " + n + " of " + run + log(run), 90, () -> events(run, type).size() >= n);
    return events(run, type).get(n - 1);
  }

  List<JsonNode> events(String run, String type) {
    try {
      return service.events(run, type);
    } catch (Exception e) {
      return List.of();
    }
  }

  void allow(JsonNode asked) throws Exception {
    decide(asked, Map.of("decision", "allow", "argumentsHash", data(asked, "argumentsHash")));
  }

  void deny(JsonNode asked, String reason) throws Exception {
    decide(asked, Map.of("decision", "deny", "reason", reason));
  }

  private void decide(JsonNode asked, Map<String, Object> body) throws Exception {
    ServiceProcess.Answer answer =
        service.post("/api/permissions/" + data(asked, "permissionId"), body);
    assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
  }

  /** Answers a run's n-th question, and gives it. */
  String answer(String run, int n, String words) throws Exception {
    JsonNode question = nth(run, "question.asked", n);
    ServiceProcess.Answer answer =
        service.post("/api/questions/" + data(question, "questionId"), Map.of("answer", words));
    assertThat(answer.status()).as(answer.toString()).isBetween(200, 202);
    return question.path("data").toString();
  }

  void secret(String project, String name, String value) throws Exception {
    HttpRequest.Builder request =
        service
            .authorized("/api/secrets/" + project + "/" + name)
            .header("Content-Type", "application/json")
            .PUT(
                HttpRequest.BodyPublishers.ofString(
                    dev.helm.workflows.HelmJson.write(Map.of("value", value))));
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 204);
    }
  }

  /** Waits until a run has succeeded, and gives the agent's last words. */
  String end(String run) throws Exception {
    assertThat(service.awaitEnd(run)).as(log(run)).isEqualTo("succeeded");
    assertThat(events(run, "budget.charged")).as("each call of the model is paid").isNotEmpty();
    return data(events(run, "model.message").getLast(), "text");
  }

  /** A file of a run's workspace, as text. */
  String file(String run, String path) throws Exception {
    HttpResponse<byte[]> answer =
        service.bytes("/api/runs/" + run + "/files/content?path=" + path + "&at=now");
    assertThat(answer.statusCode()).as(path + " of " + run + log(run)).isEqualTo(200);
    return new String(answer.body(), StandardCharsets.UTF_8);
  }

  byte[] bytes(String run, String path) throws Exception {
    return service.bytes("/api/runs/" + run + "/files/content?path=" + path).body();
  }

  /** The whole log as JSON, one event a line. */
  String log(String run) throws Exception {
    StringBuilder all = new StringBuilder("\n");
    for (JsonNode event : service.events(run)) {
      all.append(event).append('\n');
    }
    return all.toString();
  }

  /** What the service's process has said. */
  String said() {
    return service.log();
  }

  Path home() {
    return service.home;
  }

  static String data(JsonNode event, String member) {
    return event.path("data").path(member).asText();
  }

  /** Runs a program of this machine and gives what it printed. */
  static String command(Path folder, String... line) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(line).directory(folder.toFile()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", line) + "\n" + printed).isZero();
    return printed;
  }

  /** Names of what lies in a folder. */
  static List<String> names(Path folder) throws IOException {
    try (var all = Files.list(folder)) {
      return all.map(path -> Objects.requireNonNull(path.getFileName()).toString()).toList();
    }
  }

  @Override
  public void close() throws Exception {
    service.close();
    for (DemoSite site : sites) {
      site.close();
    }
  }
}
