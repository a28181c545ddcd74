package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Role;
import dev.helm.api.RunId;
import dev.helm.api.Secret;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Overlap;
import dev.helm.api.event.RunEvent;
import dev.helm.service.HelmService;
import dev.helm.service.auth.Passwords;
import dev.helm.service.auth.ServiceTokenText;
import dev.helm.service.store.ScheduleStore;
import dev.helm.service.store.ServiceTokenStore;
import dev.helm.service.store.UserStore;
import dev.helm.workflows.HelmJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every operation, every role, one's own and another project's object, against docs/people.md. */
class RoleTest {
  private static final String MINE = "infra-ops";
  private static final String THEIRS = "market-intel";
  private static final String PASSWORD = "correct horse battery";
  private static final Pattern ROW =
      Pattern.compile("\\| `([A-Z]+ /api/[^`]*)` \\| ([a-z ]+) \\|.*");

  private static RunningService service;
  private static String hash;
  private static String ownerToken;

  @BeforeAll
  static void start() {
    service = RunningService.start();
    hash = new Passwords().hash(PASSWORD);
    ownerToken = service.person("boss", Map.of("*", Role.OWNER));
    service.as(ownerToken);
    for (String project : List.of(MINE, THEIRS)) {
      assertThat(service.putYaml("of-" + project, yaml(project)).status()).isEqualTo(201);
    }
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  private static String yaml(String project) {
    return RunningService.BRIEF.replace(
        "name: brief", "name: of-" + project + "\nproject: " + project);
  }

  /** Somebody, with what they hold in {@link #MINE}. */
  private record Who(String name, @Nullable Role role, boolean program, boolean all) {}

  private static final List<Who> EVERYBODY =
      List.of(
          new Who("nobody", null, false, false),
          new Who("viewer", Role.VIEWER, false, false),
          new Who("approver", Role.APPROVER, false, false),
          new Who("operator", Role.OPERATOR, false, false),
          new Who("owner", Role.OWNER, false, false),
          new Who("owner of all", Role.OWNER, false, true),
          new Who("viewer token", Role.VIEWER, true, false),
          new Who("approver token", Role.APPROVER, true, false),
          new Who("operator token", Role.OPERATOR, true, false));

  /** A caller and one object of each kind in a project, fresh for every call. */
  private record Stage(
      String project, String run, String asks, String device, String user, String token) {}

  private record Call(String path, @Nullable String body) {}

  /** How each operation is called on the objects of a stage. */
  private static final Map<String, Function<Stage, Call>> CALLS = new TreeMap<>();

  private static void call(String operation, Function<Stage, String> path) {
    CALLS.put(operation, stage -> new Call(path.apply(stage), null));
  }

  private static void call(
      String operation, Function<Stage, String> path, Function<Stage, String> body) {
    CALLS.put(operation, stage -> new Call(path.apply(stage), body.apply(stage)));
  }

  static {
    call("POST /api/auth/login", s -> "/api/auth/login", s -> "{}");
    call("POST /api/auth/challenge", s -> "/api/auth/challenge", s -> "{\"device\":\"d\"}");
    call("POST /api/auth/refresh", s -> "/api/auth/refresh", s -> "{}");
    call("POST /api/auth/logout", s -> "/api/auth/logout");
    call("POST /api/auth/ticket", s -> "/api/auth/ticket", s -> "{\"for\":\"stream\"}");
    call(
        "POST /api/auth/password",
        s -> "/api/auth/password",
        s -> "{\"password\":\"" + PASSWORD + "\",\"newPassword\":\"another long one\"}");
    call("GET /api/health", s -> "/api/health");
    call("GET /api/status", s -> "/api/status");
    call("GET /api/stream", s -> "/api/stream");
    call("GET /api/runs", s -> "/api/runs");
    call("GET /api/search", s -> "/api/search?q=brief");
    call("POST /api/runs", s -> "/api/runs", s -> "{\"blueprint\":\"of-" + s.project + "\"}");
    String run = "/api/runs/";
    call("GET /api/runs/{id}", s -> run + s.run);
    call("GET /api/audit", s -> "/api/audit");
    call("GET /api/audit/key", s -> "/api/audit/key");
    call("GET /api/audit/checkpoints", s -> "/api/audit/checkpoints");
    call("GET /api/audit/export", s -> "/api/audit/export");
    call("GET /api/runs/{id}/checkpoints", s -> run + s.run + "/checkpoints");
    call("GET /api/runs/{id}/export", s -> run + s.run + "/export");
    call("GET /api/runs/{id}/events", s -> run + s.run + "/events");
    call("GET /api/runs/{id}/messages", s -> run + s.run + "/messages");
    call("POST /api/runs/{id}/messages", s -> run + s.run + "/messages", s -> "{\"text\":\"x\"}");
    call("DELETE /api/runs/{id}/messages/{message}", s -> run + s.run + "/messages/m-" + s.asks);
    call("POST /api/runs/{id}/pause", s -> run + s.run + "/pause");
    call("POST /api/runs/{id}/resume", s -> run + s.run + "/resume");
    call("POST /api/runs/{id}/cancel", s -> run + s.run + "/cancel");
    call("POST /api/runs/{id}/budget", s -> run + s.run + "/budget", s -> "{\"addUsd\":\"1\"}");
    call("GET /api/runs/{id}/files", s -> run + s.run + "/files");
    call("GET /api/runs/{id}/files/content", s -> run + s.run + "/files/content?path=a.txt");
    call("GET /api/runs/{id}/diff", s -> run + s.run + "/diff");
    call("GET /api/runs/{id}/snapshots", s -> run + s.run + "/snapshots");
    call("POST /api/runs/{id}/rollback", s -> run + s.run + "/rollback", s -> "{\"to\":\"start\"}");
    call("POST /api/runs/{id}/fork", s -> run + s.run + "/fork", s -> "{\"at\":1}");
    call("POST /api/stop", s -> "/api/stop");
    call("GET /api/inbox", s -> "/api/inbox");
    call("GET /api/permissions/{id}", s -> "/api/permissions/p-" + s.asks);
    call(
        "POST /api/permissions/{id}",
        s -> "/api/permissions/p-" + s.asks,
        s -> "{\"decision\":\"deny\"}");
    call("GET /api/rules", s -> "/api/rules");
    call("DELETE /api/rules/{id}", s -> "/api/rules/r-" + s.asks);
    call("POST /api/questions/{id}", s -> "/api/questions/q-" + s.asks, s -> "{\"answer\":\"Q1\"}");
    call("GET /api/blueprints", s -> "/api/blueprints");
    call("GET /api/blueprints/{name}", s -> "/api/blueprints/of-" + s.project);
    call(
        "GET /api/blueprints/{name}/versions",
        s -> "/api/blueprints/of-" + s.project + "/versions");
    call("GET /api/blueprints/{name}/source", s -> "/api/blueprints/of-" + s.project + "/source");
    call("GET /api/blueprints/{name}/diff", s -> "/api/blueprints/of-" + s.project + "/diff");
    call(
        "PUT /api/blueprints/{name}", s -> "/api/blueprints/of-" + s.project, s -> yaml(s.project));
    call("POST /api/blueprints/validate", s -> "/api/blueprints/validate", s -> yaml(s.project));
    String schedule = "/api/schedules/of-";
    call("GET /api/schedules", s -> "/api/schedules");
    call(
        "POST /api/schedules",
        s -> "/api/schedules",
        s ->
            "{\"name\":\"n"
                + s.asks
                + "\",\"cron\":\"0 8 * * 1\",\"timeZone\":\"UTC\",\"blueprint\":\"of-"
                + s.project
                + "\"}");
    call("GET /api/schedules/{id}", s -> schedule + s.project);
    call("PATCH /api/schedules/{id}", s -> schedule + s.project, s -> "{\"paused\":true}");
    call("DELETE /api/schedules/{id}", s -> schedule + s.project);
    call("POST /api/schedules/{id}/trigger", s -> schedule + s.project + "/trigger");
    call("GET /api/budgets", s -> "/api/budgets");
    call(
        "PUT /api/budgets/{scope}",
        s -> "/api/budgets/project:" + s.project,
        s -> "{\"dayUsd\":\"20\"}");
    call("GET /api/usage", s -> "/api/usage?by=user");
    call("GET /api/secrets", s -> "/api/secrets");
    call(
        "PUT /api/secrets/{project}/{name}",
        s -> "/api/secrets/" + s.project + "/TOKEN",
        s -> "{\"value\":\"not-a-real-token\"}");
    call("DELETE /api/secrets/{project}/{name}", s -> "/api/secrets/" + s.project + "/STAGED");
    call("GET /api/users", s -> "/api/users");
    call(
        "POST /api/users",
        s -> "/api/users",
        s -> "{\"name\":\"n" + s.asks + "\",\"roles\":{\"" + s.project + "\":\"viewer\"}}");
    call("GET /api/users/{id}", s -> "/api/users/" + s.user);
    call(
        "PATCH /api/users/{id}",
        s -> "/api/users/" + s.user,
        s -> "{\"roles\":{\"" + s.project + "\":\"approver\"}}");
    call("POST /api/users/{id}/password", s -> "/api/users/" + s.user + "/password");
    call("GET /api/devices", s -> "/api/devices");
    call(
        "POST /api/devices",
        s -> "/api/devices",
        s -> "{\"name\":\"phone\",\"publicKey\":\"" + DeviceTest.PUBLIC_KEY + "\"}");
    call("DELETE /api/devices/{id}", s -> "/api/devices/" + s.device);
    call("GET /api/tokens", s -> "/api/tokens");
    call(
        "POST /api/tokens",
        s -> "/api/tokens",
        s ->
            "{\"name\":\"t" + s.asks + "\",\"project\":\"" + s.project + "\",\"role\":\"viewer\"}");
    call("DELETE /api/tokens/{id}", s -> "/api/tokens/" + s.token);
  }

  @Test
  void everyOperationHasItsRowAndItsCall() throws Exception {
    List<String> operations = operations();
    assertThat(rows().keySet())
        .as("rows of the table in docs/people.md")
        .containsExactlyInAnyOrderElementsOf(operations);
    assertThat(CALLS.keySet())
        .as("calls of this test")
        .containsExactlyInAnyOrderElementsOf(operations);
  }

  @Test
  void everyRoleMayWhatTheTableSaysAndNothingElse() throws Exception {
    Map<String, String> rows = rows();
    List<String> wrong = new ArrayList<>();
    for (String operation : operations()) {
      String need = Objects.requireNonNull(rows.get(operation), operation);
      Stage staged = stage(MINE, "");
      int without = send(operation, staged, null).status();
      if (need.equals("open") == (without == 401)) {
        wrong.add(operation + " without a token: " + without);
      }
      for (Who who : need.equals("open") ? List.<Who>of() : EVERYBODY) {
        for (boolean own : List.of(true, false)) {
          check(operation, need, who, own, wrong);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  private void check(String operation, String need, Who who, boolean own, List<String> wrong) {
    // An owner of all has no foreign project; own objects are another person's then.
    String name = "w" + RunId.random().value().substring(0, 12);
    String token = token(name, who);
    // Nobody resets a password of their own; that one is changed with the old one.
    boolean ofAnother = operation.equals("POST /api/users/{id}/password");
    String named = !ofAnother && (own || who.program) ? name : "";
    Stage stage = stage(own ? MINE : THEIRS, named);
    service.clock.forward(Duration.ofSeconds(61));
    RunningService.Answer answer = send(operation, stage, token);
    int expected = expected(operation, need, who, own);
    boolean right = expected == 200 ? answer.status() / 100 == 2 : answer.status() == expected;
    if (!right) {
      wrong.add(
          operation
              + " by "
              + who.name
              + (own ? ", own: " : ", foreign: ")
              + answer.status()
              + " instead of "
              + expected
              + " "
              + answer.raw().body());
    }
    String other = own ? stage(THEIRS, "").run : stage.run;
    if (!who.all && answer.status() / 100 == 2 && Set.of("anybody", "an operator").contains(need)) {
      assertThat(answer.raw().body()).as(operation + " by " + who.name).doesNotContain(other);
    }
  }

  /** What the table's word means for this caller and object; 200 stands for any success. */
  private static int expected(String operation, String need, Who who, boolean own) {
    boolean owns = who.role == Role.OWNER;
    return switch (need) {
      case "anybody" -> 200;
      case "own" -> {
        boolean ofSomebodyElse = !own && operation.contains("{id}") && !who.all;
        yield who.program ? 403 : ofSomebodyElse ? 404 : 200;
      }
      case "an owner" -> {
        boolean self = operation.equals("GET /api/users/{id}") && own && !who.program;
        boolean names = operation.startsWith("POST") || operation.startsWith("PATCH");
        yield !owns && !self ? 403 : names && !own && !who.all ? 404 : 200;
      }
      case "an operator" -> who.role != null && who.role.includes(Role.OPERATOR) ? 200 : 403;
      case "owner of all" -> who.all ? 200 : 403;
      default -> {
        // Only people own tokens, whatever project is asked for.
        if (who.program && operation.endsWith("/api/tokens")
            || who.program && operation.contains("/api/tokens/")) {
          yield 403;
        }
        boolean sees = who.all || (own && who.role != null);
        boolean may = who.role != null && who.role.includes(Role.of(need));
        yield !sees ? 404 : may ? 200 : 403;
      }
    };
  }

  private static RunningService.Answer send(String operation, Stage stage, @Nullable String token) {
    Call call = Objects.requireNonNull(CALLS.get(operation), operation).apply(stage);
    return service.call(
        token, operation.substring(0, operation.indexOf(' ')), call.path, call.body);
  }

  private static String token(String name, Who who) {
    if (who.program) {
      String text = ServiceTokenText.random();
      service
          .store()
          .serviceTokens()
          .create(
              name,
              Sha256.hex(text),
              MINE,
              Objects.requireNonNull(who.role),
              "owner",
              service.clock.instant().plusSeconds(3600));
      return text;
    }
    Map<String, Role> roles = who.role == null ? Map.of() : Map.of(who.all ? "*" : MINE, who.role);
    service.person(name, roles);
    UserStore.User user = Objects.requireNonNull(service.store().users().byName(name));
    UserStore.User known =
        service.store().users().change(user.id(), old -> old.withPassword(hash, null));
    return service.session(Objects.requireNonNull(known), null);
  }

  private static ScheduleStore.Definition schedule(String project) {
    return new ScheduleStore.Definition(
        "of-" + project,
        project,
        "of-" + project,
        "0 8 * * 1",
        "UTC",
        Overlap.SKIP,
        60_000,
        Map.of(),
        null,
        null,
        false,
        "nobody",
        "nobody");
  }

  /** Objects in a project; user and device are the named person's, or somebody else's. */
  private static Stage stage(String project, String name) {
    String asks = RunId.random().value().substring(0, 12);
    service.as(ownerToken);
    String run = service.post("/api/runs", "{\"blueprint\":\"of-" + project + "\"}").text("id");
    service.backend().write(run, "a.txt", "one\n");
    service.backend().ask(run, "p-" + asks);
    service.backend().question(run, "q-" + asks);
    service.backend().remembered(run, "d-" + asks, "r-" + asks);
    service.store().messages().queue(run, "m-" + asks, "hello", "next", "owner");
    UserStore.User known = service.store().users().byName(name);
    UserStore.User user =
        known != null
            ? known
            : Objects.requireNonNull(
                service
                    .store()
                    .users()
                    .create("o" + asks, hash, null, dev.helm.service.store.Roles.NONE));
    service.store().schedules().put(schedule(project), true);
    service.store().secrets().set(project, "STAGED", Secret.of("not-a-real-token"), "owner");
    String device = service.store().devices().seen(user.id(), "laptop").id();
    ServiceTokenStore.ServiceToken token =
        service
            .store()
            .serviceTokens()
            .create(
                "s" + asks,
                Sha256.hex(asks),
                project,
                Role.VIEWER,
                "owner",
                service.clock.instant().plusSeconds(3600));
    return new Stage(project, run, asks, device, user.id(), Objects.requireNonNull(token).id());
  }

  private static List<String> operations() throws Exception {
    JsonNode document = HelmJson.mapper().readTree(OpenApiDocument.json(HelmService.VERSION));
    List<String> operations = new ArrayList<>();
    document
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        method ->
                            operations.add(
                                method.toUpperCase(java.util.Locale.ROOT) + " " + path.getKey())));
    return operations;
  }

  private static Map<String, String> rows() throws Exception {
    Map<String, String> rows = new LinkedHashMap<>();
    for (String line : Files.readAllLines(Path.of("..", "docs", "people.md"))) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        rows.put(row.group(1), row.group(2));
      }
    }
    return rows;
  }

  @Test
  void toStopTheRunOfAnUnknownOutcomeTakesAnOperator() {
    Stage stage = stage(MINE, "");
    String question = "u-" + stage.asks;
    service
        .backend()
        .append(
            stage.run,
            question,
            new RunEvent.ToolUnknown(
                "t-" + stage.asks, "Bash", "lost", question, "2030-01-01T00:00:00.000Z"));
    String path = "/api/questions/" + question;
    service.as(service.person("a" + stage.asks, Map.of(MINE, Role.APPROVER)));
    assertThat(service.post(path, "{\"answer\":\"stop\"}", "k1").status()).isEqualTo(403);
    service.as(service.person("b" + stage.asks, Map.of(MINE, Role.OPERATOR)));
    assertThat(service.post(path, "{\"answer\":\"stop\"}", "k2").status()).isEqualTo(200);
    service.as(ownerToken);
  }

  @Test
  void aRoleThatIsTakenAwayIsGoneForAKeptAnswerToo() {
    Stage stage = stage(MINE, "");
    String name = "r" + stage.asks;
    String token = service.person(name, Map.of(MINE, Role.OPERATOR));
    service.as(token);
    String path = "/api/runs/" + stage.run + "/messages";
    assertThat(service.post(path, "{\"text\":\"x\"}", "k").status()).isEqualTo(201);
    RunningService.Answer again = service.post(path, "{\"text\":\"x\"}", "k");
    assertThat(again.status()).isEqualTo(201);
    assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
    UserStore users = service.store().users();
    UserStore.User user = Objects.requireNonNull(users.byName(name));
    users.change(user.id(), old -> old.withRoles(old.roles().with(MINE, Role.VIEWER)));
    assertThat(service.post(path, "{\"text\":\"x\"}", "k").status()).isEqualTo(403);
    users.change(user.id(), old -> old.withRoles(old.roles().with(MINE, null)));
    assertThat(service.post(path, "{\"text\":\"x\"}", "k").status()).isEqualTo(404);
    service.as(ownerToken);
  }

  @Test
  void anOpenSocketShowsOnlyWhatItsPersonMaySeeAndEndsWhenThatChanges() {
    Stage mine = stage(MINE, "");
    Stage theirs = stage(THEIRS, "");
    String name = "s" + mine.asks;
    service.as(service.person(name, Map.of(MINE, Role.VIEWER)));
    String ticket = service.ticket();
    service.as(ownerToken);
    try (SocketClient client = new SocketClient(service, ticket)) {
      client.send("{\"op\":\"subscribe\",\"run\":\"" + theirs.run + "\",\"after\":0}");
      assertThat(client.next(f -> true).path("code").asText()).isEqualTo("not_found");
      client.send("{\"op\":\"subscribe\",\"run\":\"*\",\"after\":0}");
      client.next(
          frame -> {
            assertThat(frame.toString()).doesNotContain(theirs.run);
            return frame.toString().contains(mine.run);
          });
      UserStore users = service.store().users();
      String id = Objects.requireNonNull(users.byName(name)).id();
      assertThat(
              service
                  .call(
                      ownerToken,
                      "PATCH",
                      "/api/users/" + id,
                      "{\"roles\":{\"" + MINE + "\":\"none\"}}")
                  .status())
          .isEqualTo(200);
      assertThat(client.next(f -> f.path("op").asText().equals("error")).path("code").asText())
          .isEqualTo("roles_changed");
      client.awaitClosed();
    }
  }
}
