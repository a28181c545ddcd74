package dev.helm.service.whole;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * A model key that occurs nowhere else, a whole Helm that works with it, and a search in every
 * place that exists. Each search is shown to find what is planted there.
 */
@Tag("engine")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class CanaryTest {
  private static final long END_MS = 240_000;

  private static @Nullable CanaryUpstream upstream;
  private static @Nullable Launched helm;
  private static @Nullable CanaryDoors doors;
  private static final List<String> RUNS = new ArrayList<>();
  private static Path keyFolder = Path.of("");
  private static String key = "";
  private static String run = "";

  @BeforeAll
  static void aRunWithErrorsOfEachKind() throws Exception {
    if (!System.getProperty("user.name").equals("root")) {
      abort("needs root: it reads the memory of other users' processes");
    }
    if (!"true".equals(System.getenv("CI"))
        && System.getenv("HELM_TEST_DOCKER_HOST") == null
        && !Boolean.getBoolean("helm.chaos")) {
      abort("runs within ./helm test, or with -Dhelm.chaos=true");
    }
    byte[] random = new byte[20];
    new SecureRandom().nextBytes(random);
    // A sign that a URL must escape, and two that JSON may.
    key = "sk-canary+/=&" + HexFormat.of().formatHex(random);
    keyFolder = Files.createTempDirectory(Path.of("/tmp"), "hk");
    // The folder is open, so that the file's own mode is what keeps others out.
    Files.setAttribute(keyFolder, "unix:mode", 0755);
    Path file = keyFolder.resolve("model.key");
    Files.createFile(file);
    Files.setAttribute(file, "unix:mode", 0600);
    Files.writeString(file, key + "\n");
    Path scenarios = Files.createDirectory(keyFolder.resolve("scenarios"));
    Files.writeString(scenarios.resolve("canary.scenario.yaml"), resource("canary.scenario.yaml"));
    CanaryUpstream model = new CanaryUpstream(scenarios);
    upstream = model;
    Launched installation =
        Launched.prepare(
            "",
            Map.of(
                "HELM_MODEL_KEY_FILE",
                file.toString(),
                "HELM_MODEL_UPSTREAM",
                "http://127.0.0.1:" + model.port()));
    helm = installation;
    installation.up();
    CanaryDoors outside = new CanaryDoors(installation);
    doors = outside;
    outside.put("canary", resource("canary.blueprint.yaml"));
    model.faults.add((head, got) -> CanaryUpstream.errorWithHeaders(500, head, got));
    model.faults.add(CanaryUpstream::streamWithKey);
    model.faults.add(CanaryUpstream::errorWithHeader);
    model.faults.add(CanaryUpstream::errorInBase64);
    run = outside.start("canary", "plain");
    // It waits for a person from here on, and its container with it.
    outside.awaitEvent(run, "permission.requested", END_MS);
    model.faults.add((head, got) -> CanaryUpstream.error(401, "", "no such key"));
    String refusedRun = outside.start("canary", "refused");
    outside.awaitEvent(refusedRun, "model.retried", END_MS);
    outside.cancel(refusedRun);
    RUNS.addAll(List.of(run, refusedRun));
  }

  @AfterAll
  static void down() throws Exception {
    if (helm != null) {
      helm.close();
    }
    if (upstream != null) {
      upstream.close();
    }
    if (Files.isDirectory(keyFolder)) {
      try (var all = Files.walk(keyFolder)) {
        for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  @Test
  @Order(1)
  void theRunWasReal() throws Exception {
    assertThat(executor()).as("the run's container is there").isPositive();
    assertThat(upstream().keys).hasSizeGreaterThanOrEqualTo(8).containsOnly(key);
    assertThat(upstream().faults).isEmpty();
    JsonNode seen = doors().run(run);
    assertThat(seen.path("status").asText()).as(seen.toString()).isEqualTo("paused");
    String log = doors().events(run);
    assertThat(log).contains("model.retried", "tool.blocked", "missing.txt", "git push --force");
    String proxy = Files.readString(helm().home.resolve("logs/keyproxy.log"));
    assertThat(proxy.lines().filter(line -> line.contains("ALARM: call "))).hasSize(4);
  }

  /** What every search goes through; the same for the key, the run's token, and what is planted. */
  private void everywhere(CanaryPlaces places) throws Exception {
    places.processes();
    places.tree(helm().home, except());
    for (Map.Entry<String, Long> container : helm().containers().entrySet()) {
      places.tree(Path.of("/proc/" + container.getValue() + "/root/."), except());
    }
    doors().searchAll(places, RUNS);
    places.text("helm doctor, up", helm().say("doctor"));
  }

  private static Predicate<Path> except() {
    return path -> path.endsWith("root/./proc") || path.endsWith("root/./sys");
  }

  @Test
  @Order(2)
  void theKeyIsInNoPlace() throws Exception {
    CanaryPlaces places = new CanaryPlaces(new CanarySearch(key));
    everywhere(places);
    assertThat(places.take()).isEmpty();
    System.out.println("canary: searched " + places.amount() + " · " + doors().amount());
  }

  @Test
  @Order(3)
  void theKeyIsInTheMemoryOfTheKeyProxyAlone() throws Exception {
    CanaryPlaces places = new CanaryPlaces(new CanarySearch(key));
    for (String part : List.of("launcher", "service", "temporal", "engine")) {
      places.memory(part, pid(part));
    }
    for (Map.Entry<String, Long> container : helm().containers().entrySet()) {
      places.memory("container " + container.getKey(), container.getValue());
    }
    assertThat(places.take()).isEmpty();
    System.out.println("canary: searched memory, " + places.amount());
    places.memory("keyproxy", pid("keyproxy"));
    assertThat(places.take()).singleElement().asString().contains("memory of keyproxy", "plain");
  }

  /** The attack: the service, or what took it over, looks into the key proxy or its key file. */
  @Test
  @Order(4)
  void noUserOfHelmCanLookIntoTheKeyProxy() throws Exception {
    long proxy = pid("keyproxy");
    String status = Files.readString(Path.of("/proc/" + proxy + "/status"));
    assertThat(status).containsPattern("\nUid:\t" + CanaryUsers.uid("helm-key") + "\t");
    Process ordinary = CanaryUsers.ordinary("helm-key");
    try {
      for (String user : List.of("helm", "helm-key")) {
        assertThat(CanaryUsers.doors(user, proxy)).as(user).doesNotContainValue(true);
        assertThat(CanaryUsers.opens(user, keyFolder.resolve("model.key").toString())).isFalse();
      }
      // The positive control: a process that does not hide is open to its own user.
      assertThat(CanaryUsers.doors("helm-key", ordinary.pid())).doesNotContainValue(false);
    } finally {
      ordinary.destroyForcibly();
    }
  }

  @Test
  @Order(5)
  void theRunsTokenIsInNoPlaceEither() throws Exception {
    CanaryPlaces places = new CanaryPlaces(new CanarySearch("helm_" + run + "_1_"));
    everywhere(places);
    assertThat(places.take()).isEmpty();
    // The service may have forgotten it by now; these tests hold its form for as long as they look.
    places.memory("the tests", ProcessHandle.current().pid());
    assertThat(places.take()).as("the search knows the token's form").isNotEmpty();
  }

  @Test
  @Order(6)
  void whatIsPlantedIsFound() throws Exception {
    CanarySearch search = new CanarySearch(key);
    CanaryPlaces places = new CanaryPlaces(search);
    Path planted = Files.createDirectory(helm().home.resolve("planted"));
    for (Map.Entry<String, byte[]> form : search.forms().entrySet()) {
      Path file = planted.resolve(form.getKey().replace('/', '-'));
      Files.write(file, Objects.requireNonNull(form.getValue()));
      places.tree(file, path -> false);
      assertThat(places.take()).as(form.getKey()).hasSize(1);
    }
    Path temporal = helm().home.resolve("temporal.db");
    CanaryPlaces ofRun = new CanaryPlaces(new CanarySearch(run));
    ofRun.tree(temporal, path -> false);
    ofRun.tree(temporal.resolveSibling("temporal.db-wal"), path -> false);
    assertThat(ofRun.take()).as("Temporal's files are read too").isNotEmpty();
    Files.writeString(Path.of("/proc/" + executor() + "/root/tmp/planted"), key);
    Process holder = holder();
    try (Connection database = DriverManager.getConnection("jdbc:sqlite:" + planted + "/a.db")) {
      try (Statement sql = database.createStatement()) {
        sql.execute("PRAGMA journal_mode = wal");
        sql.execute("CREATE TABLE t (x TEXT)");
        sql.execute("INSERT INTO t VALUES ('" + key + "')");
      }
      RUNS.add(doors().start("canary", key));
      doors().awaitEvent(RUNS.getLast(), "permission.requested", END_MS);
      everywhere(places);
      places.memory("a holder", holder.pid());
    } finally {
      holder.destroyForcibly();
    }
    String found = String.join("\n", places.take());
    assertThat(found)
        .contains(
            "/planted/a.db-wal: ",
            "/root/./tmp/planted: ",
            "/proc/" + holder.pid() + "/environ: ",
            "/proc/" + holder.pid() + "/cmdline: ",
            "memory of a holder: ",
            "/helm.db",
            "GET /api/runs",
            "stream: ");
  }

  /** A process that holds the key in its environment, its arguments and its memory. */
  private static Process holder() throws IOException {
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", "read a; sleep 600; : $a", key);
    builder.environment().put("PLANTED", key);
    Process process = builder.start();
    process.getOutputStream().write((key + "\n").getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
    return process;
  }

  /** The executor of the container that the waiting run works in. */
  private static long executor() throws IOException {
    String slot = Objects.requireNonNull(helm().busySlot(), "a slot holds the run's workspace");
    return Objects.requireNonNull(helm().containers().get(slot), slot);
  }

  private static long pid(String part) {
    return Objects.requireNonNull(helm().pid(part), part);
  }

  private static Launched helm() {
    return Objects.requireNonNull(helm);
  }

  private static CanaryDoors doors() {
    return Objects.requireNonNull(doors);
  }

  private static CanaryUpstream upstream() {
    return Objects.requireNonNull(upstream);
  }

  private static String resource(String name) throws IOException {
    try (var in = CanaryTest.class.getResourceAsStream("/whole/" + name)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
