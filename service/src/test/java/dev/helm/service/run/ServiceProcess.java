package dev.helm.service.run;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.practice.PracticeModel;
import dev.helm.service.spend.ProxyProcess;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The service as a process of its own, to be killed, over real Temporal, engine and practice model.
 */
final class ServiceProcess implements AutoCloseable {
  private static final long READY_S = 120;

  final Path home;
  private final int port;
  private final TemporalServer temporal;
  private final PracticeModel model;
  private final @Nullable ProxyProcess proxy;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();
  private @Nullable Process process;
  private @Nullable String token;

  private ServiceProcess(
      Path home,
      int port,
      TemporalServer temporal,
      PracticeModel model,
      @Nullable ProxyProcess proxy) {
    this.proxy = proxy;
    this.home = home;
    this.port = port;
    this.temporal = temporal;
    this.model = model;
  }

  /** An answer; the body is an empty object when there was no JSON. */
  record Answer(int status, JsonNode body) {}

  /** Starts everything; {@code configYml} is the operator's, and may be empty. */
  static ServiceProcess start(List<Path> scenarios, String configYml) throws Exception {
    // Short, because socket paths below it have a fixed room.
    return start(Files.createTempDirectory(Path.of("/tmp"), "hc"), scenarios, configYml);
  }

  /** The same in a folder that the test has prepared; it is deleted in the end. */
  static ServiceProcess start(Path home, List<Path> scenarios, String configYml) throws Exception {
    return start(home, scenarios, configYml, false);
  }

  /** And with a key proxy between it and the model, so that calls cost money. */
  static ServiceProcess start(Path home, List<Path> scenarios, String configYml, boolean metered)
      throws Exception {
    Files.createDirectories(home.resolve("keys"));
    Files.createDirectories(home.resolve("run"));
    Files.writeString(home.resolve("keys").resolve("ledger.secret"), "0".repeat(64));
    if (!configYml.isEmpty()) {
      Files.writeString(home.resolve("config.yml"), configYml);
    }
    TemporalServer temporal = TemporalServer.start(home);
    PracticeModel model = PracticeModel.start(0, scenarios, true);
    ProxyProcess proxy =
        new ProxyProcess(
            "http://127.0.0.1:" + model.port(),
            home.resolve("run").resolve("ledger.sock"),
            home.resolve("keys").resolve("ledger.secret"));
    ServiceProcess service =
        new ServiceProcess(home, freePort(), temporal, model, metered ? proxy : null);
    try {
      service.up();
      if (metered) {
        proxy.start();
      }
      return service;
    } catch (Exception | AssertionError e) {
      service.close();
      throw e;
    }
  }

  private static int freePort() throws IOException {
    while (true) {
      try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        int port = one.getLocalPort();
        if (port < 65_000 && free(port + 1)) {
          return port;
        }
      }
    }
  }

  private static boolean free(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  /** Starts the service and waits until its runs go on. */
  void up() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "--add-opens",
            "java.base/sun.nio.ch=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.helm.service.HelmService");
    Map<String, String> env = builder.environment();
    env.put("HELM_HOME", home.toString());
    env.put("HELM_PORT", String.valueOf(port));
    env.put("TEMPORAL_ADDRESS", temporal.address());
    env.put("DOCKER_HOST", Objects.requireNonNullElse(System.getenv("HELM_TEST_DOCKER_HOST"), ""));
    env.put("HELM_IMAGE", Objects.requireNonNullElse(System.getenv("HELM_TEST_IMAGE"), ""));
    int calls = proxy == null ? model.port() : proxy.port();
    env.put("HELM_KEYPROXY", "http://127.0.0.1:" + calls);
    env.put("HELM_PRACTICE", "true");
    process =
        builder
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(home.resolve("service.log").toFile()))
            .start();
    await("the service", READY_S, this::ready);
  }

  private boolean ready() {
    if (!Objects.requireNonNull(process).isAlive()) {
      throw new AssertionError("the service has ended: " + log());
    }
    try {
      if (token == null) {
        token = login();
      }
      return get("/api/status").body().path("components").toString().contains("\"temporal\"")
          && healthy("temporal");
    } catch (IOException | InterruptedException e) {
      return false;
    }
  }

  private boolean healthy(String component) throws IOException, InterruptedException {
    for (JsonNode one : get("/api/status").body().path("components")) {
      if (one.path("name").asText().equals(component)) {
        return one.path("state").asText(one.path("status").asText()).equals("healthy");
      }
    }
    return false;
  }

  private String login() throws IOException, InterruptedException {
    String password =
        Files.readString(home.resolve("owner.credentials"))
            .lines()
            .filter(line -> line.startsWith("password: "))
            .findFirst()
            .orElseThrow(() -> new IOException("no password yet"))
            .substring("password: ".length());
    String body = HelmJson.write(Map.of("username", "owner", "password", password));
    Answer answer =
        send(
            HttpRequest.newBuilder(uri("/api/auth/login"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    return answer.body().path("token").asText();
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    Objects.requireNonNull(process).destroyForcibly().waitFor();
  }

  String log() {
    try {
      return Files.readString(home.resolve("service.log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  // ---- REST --------------------------------------------------------------------------------

  Answer get(String path) throws IOException, InterruptedException {
    return send(authorized(path).GET());
  }

  /** An answer that is no JSON. */
  HttpResponse<byte[]> bytes(String path) throws IOException, InterruptedException {
    return http.send(
        authorized(path).GET().timeout(Duration.ofSeconds(30)).build(),
        HttpResponse.BodyHandlers.ofByteArray());
  }

  Answer post(String path, Object body) throws IOException, InterruptedException {
    return send(
        authorized(path)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", UUID.randomUUID().toString())
            .POST(HttpRequest.BodyPublishers.ofString(HelmJson.write(body))));
  }

  Answer putYaml(String path, String yaml) throws IOException, InterruptedException {
    return send(
        authorized(path)
            .header("Content-Type", "application/yaml")
            .PUT(HttpRequest.BodyPublishers.ofString(yaml)));
  }

  HttpRequest.Builder authorized(String path) {
    return HttpRequest.newBuilder(uri(path)).header("Authorization", "Bearer " + token);
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  private Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        http.send(
            request.timeout(Duration.ofSeconds(30)).build(), HttpResponse.BodyHandlers.ofString());
    JsonNode body =
        answer.body().startsWith("{")
            ? HelmJson.read(answer.body(), JsonNode.class)
            : HelmJson.mapper().createObjectNode();
    return new Answer(answer.statusCode(), body);
  }

  // ---- runs --------------------------------------------------------------------------------

  String run(String blueprint, Map<String, String> input) throws Exception {
    Answer started = post("/api/runs", Map.of("blueprint", blueprint, "input", input));
    if (started.status() != 201) {
      throw new AssertionError(started.toString());
    }
    return started.body().path("id").asText();
  }

  String status(String run) throws Exception {
    return get("/api/runs/" + run).body().path("status").asText();
  }

  List<JsonNode> events(String run) throws Exception {
    List<JsonNode> all = new ArrayList<>();
    JsonNode items;
    do {
      items =
          get("/api/runs/" + run + "/events?limit=1000&after=" + all.size()).body().path("items");
      items.forEach(all::add);
    } while (!items.isEmpty());
    return all;
  }

  List<JsonNode> events(String run, String type) throws Exception {
    return events(run).stream().filter(e -> e.path("type").asText().equals(type)).toList();
  }

  JsonNode awaitEvent(String run, String type) throws Exception {
    List<JsonNode> found = new ArrayList<>();
    await(
        type + " of " + run,
        90,
        () -> {
          try {
            found.addAll(events(run, type));
            return !found.isEmpty();
          } catch (Exception e) {
            return false;
          }
        });
    return found.getFirst();
  }

  /** Waits for the end and gives its outcome. */
  String awaitEnd(String run) throws Exception {
    return awaitEvent(run, "run.finished").path("data").path("outcome").asText();
  }

  static void await(String what, long seconds, BooleanSupplier there) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!there.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("did not come: " + what);
      }
      try {
        TimeUnit.MILLISECONDS.sleep(50);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** SIGTERM; everything else stays. */
  void down() throws InterruptedException {
    if (process != null) {
      process.destroy();
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
  }

  @Override
  public void close() throws Exception {
    down();
    if (proxy != null) {
      proxy.close();
    }
    model.close();
    temporal.close();
    try (Stream<Path> all = Files.walk(home)) {
      all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }
}
