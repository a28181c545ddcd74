package dev.helm.service.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Role;
import dev.helm.service.HelmConfiguration;
import dev.helm.service.HelmService;
import dev.helm.service.Settings;
import dev.helm.service.auth.JwtKey;
import dev.helm.service.auth.Tokens;
import dev.helm.service.store.DeviceStore;
import dev.helm.service.store.Roles;
import dev.helm.service.store.Store;
import dev.helm.service.store.UserStore;
import dev.helm.workflows.HelmJson;
import io.dropwizard.core.Application;
import io.dropwizard.testing.DropwizardTestSupport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The whole service on free ports with a home of its own, and a client that speaks to it. */
final class RunningService implements AutoCloseable {
  final Path home;
  final int port;
  final ShiftableClock clock = new ShiftableClock();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private @Nullable FakeBackend backend;
  private @Nullable DropwizardTestSupport<HelmConfiguration> support;
  private @Nullable String token;

  private RunningService(Path home, int port) {
    this.home = home;
    this.port = port;
  }

  /** An answer. */
  record Answer(int status, HttpResponse<String> raw) {
    JsonNode json() {
      return HelmJson.read(raw.body(), JsonNode.class);
    }

    String text(String member) {
      return json().path(member).asText();
    }

    String header(String name) {
      return raw.headers().firstValue(name).orElse("");
    }
  }

  static RunningService start() {
    try {
      RunningService service =
          new RunningService(Files.createTempDirectory(Path.of("/tmp"), "helm-rest"), freePorts());
      service.up();
      return service;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts on the same home, as after a crash or an upgrade. */
  void up() throws Exception {
    Settings settings =
        Settings.of(Map.of("HELM_HOME", home.toString(), "HELM_PORT", Integer.toString(port)));
    DropwizardTestSupport<HelmConfiguration> fresh =
        new DropwizardTestSupport<>(HelmService.class, "helm.yml") {
          @Override
          public Application<HelmConfiguration> newApplication() {
            return new HelmService(
                settings,
                clock,
                (_, store, _) -> {
                  FakeBackend made = new FakeBackend(store, home);
                  backend = made;
                  return made;
                });
          }
        };
    fresh.before();
    support = fresh;
  }

  void down() {
    if (support != null) {
      support.after();
      support = null;
    }
  }

  FakeBackend backend() {
    if (backend == null) {
      throw new IllegalStateException("not started");
    }
    return backend;
  }

  @Override
  public void close() {
    down();
    try (Stream<Path> files = Files.walk(home)) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(RunningService::delete);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String password() throws IOException {
    return Files.readString(home.resolve("owner.credentials"))
        .lines()
        .filter(line -> line.startsWith("password: "))
        .findFirst()
        .orElseThrow()
        .substring("password: ".length());
  }

  Answer login(String user, String password) {
    return send(
        request("/api/auth/login")
            .header("Content-Type", "application/json")
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    HelmJson.write(
                        Map.of("username", user, "password", password, "device", "test")))));
  }

  synchronized String token() {
    if (token == null) {
      try {
        Answer answer = login("owner", password());
        if (answer.status() != 200) {
          throw new IllegalStateException(answer.raw().body());
        }
        token = answer.text("token");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return token;
  }

  /** Lets a person in with these roles; a session token of theirs, past the limits of log-ins. */
  String person(String name, Map<String, Role> roles) {
    UserStore.User user = store().users().create(name, "no password", null, new Roles(roles));
    if (user == null) {
      throw new IllegalStateException(name + " is there already");
    }
    return session(user, null);
  }

  String session(UserStore.User user, DeviceStore.@Nullable Device device) {
    return tokens().session(user, device).text();
  }

  Store store() {
    return backend().store;
  }

  /** The service's own tokens, made a second time over the same key and store. */
  Tokens tokens() {
    try {
      Store store = store();
      return new Tokens(
          JwtKey.of(home),
          clock,
          store.users(),
          store.devices(),
          store.serviceTokens(),
          store.tokens(),
          store.tickets());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Acts with another token from here on; null: the owner's own. */
  synchronized void as(@Nullable String other) {
    token = other;
  }

  /** A request with any token, or none. */
  Answer call(@Nullable String as, String method, String path, @Nullable String body) {
    HttpRequest.Builder request =
        request(path).header("Idempotency-Key", UUID.randomUUID().toString());
    if (as != null) {
      request.header("Authorization", "Bearer " + as);
    }
    if (body == null) {
      return send(request.method(method, HttpRequest.BodyPublishers.noBody()));
    }
    boolean yaml = path.contains("/blueprints/");
    return send(
        request
            .header("Content-Type", yaml ? "application/yaml" : "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(body)));
  }

  String ticket() {
    return post("/api/auth/ticket", "{\"for\":\"stream\"}").text("ticket");
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
  }

  HttpRequest.Builder authorized(String path) {
    return request(path).header("Authorization", "Bearer " + token());
  }

  Answer get(String path) {
    return send(authorized(path).GET());
  }

  Answer delete(String path) {
    return send(authorized(path).DELETE());
  }

  Answer post(String path, String json) {
    return post(path, json, UUID.randomUUID().toString());
  }

  Answer post(String path, String json, String key) {
    return send(
        authorized(path)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(HttpRequest.BodyPublishers.ofString(json)));
  }

  Answer putYaml(String name, String yaml) {
    return send(
        authorized("/api/blueprints/" + name)
            .header("Content-Type", "application/yaml")
            .PUT(HttpRequest.BodyPublishers.ofString(yaml)));
  }

  Answer send(HttpRequest.Builder request) {
    try {
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
      return new Answer(response.statusCode(), response);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  HttpClient http() {
    return http;
  }

  /** Stores a small blueprint and starts a run of it; gives the run's id. */
  String run() {
    putYaml("brief", BRIEF);
    Answer answer = post("/api/runs", "{\"blueprint\":\"brief\",\"input\":{\"quarter\":\"Q1\"}}");
    if (answer.status() != 201) {
      throw new IllegalStateException(answer.raw().body());
    }
    return answer.text("id");
  }

  static final String BRIEF =
      """
      name: brief
      description: A brief
      model: {name: claude-sonnet-4-5}
      task: Compare the ${quarter} pages
      inputs:
        quarter: {type: string, enum: [Q1, Q2], default: Q1}
        depth: {type: integer, minimum: 1, maximum: 5, default: 2}
      tools: [Bash, Read, SendEmail]
      permissions: {ask: [SendEmail], allow: [Read]}
      budget: {perRunUsd: 2.50}
      """;

  private static int freePorts() throws IOException {
    List<ServerSocket> held = new ArrayList<>();
    try {
      for (int tries = 0; tries < 50; tries++) {
        ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        held.add(first);
        try (ServerSocket second =
            new ServerSocket(first.getLocalPort() + 1, 1, InetAddress.getLoopbackAddress())) {
          return first.getLocalPort();
        } catch (IOException | IllegalArgumentException e) {
          continue;
        }
      }
      throw new IOException("no two free ports side by side");
    } finally {
      for (ServerSocket socket : held) {
        socket.close();
      }
    }
  }
}
