package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.Role;
import dev.helm.service.auth.ClientAddress;
import dev.helm.service.auth.LogIn;
import dev.helm.service.auth.LoginLimits;
import dev.helm.service.auth.Passwords;
import dev.helm.service.store.Roles;
import java.net.InetAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AuthTest {
  private RunningService service;

  @BeforeEach
  void start() {
    service = RunningService.start();
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void theFirstStartMakesAnOwnerWhoseSecretsOnlyTheOwnerOfTheHomeCanRead() throws Exception {
    for (String file : new String[] {"owner.credentials", "keys/jwt.key"}) {
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(service.home.resolve(file))))
          .isEqualTo("rw-------");
    }
    String credentials = Files.readString(service.home.resolve("owner.credentials"));
    String token = service.token();
    service.down();
    service.up();
    assertThat(Files.readString(service.home.resolve("owner.credentials"))).isEqualTo(credentials);
    assertThat(withToken(token).status()).as("a token outlives a restart").isEqualTo(200);
    assertThat(Files.readString(service.home.resolve("helm.db"), StandardCharsets.ISO_8859_1))
        .contains("$argon2id$v=19$m=19456,t=2,p=1$")
        .doesNotContain(service.password());
  }

  @Test
  void everythingButLoginHealthAndTheDocumentNeedsAToken() {
    assertThat(service.send(service.request("/api/health").GET()).text("status")).isEqualTo("ok");
    assertThat(service.send(service.request("/openapi.json").GET()).status()).isEqualTo(200);
    for (String path :
        new String[] {
          "/api/status", "/api/runs", "/api/inbox", "/api/blueprints", "/api/runs/ab"
        }) {
      RunningService.Answer answer = service.send(service.request(path).GET());
      assertThat(answer.status()).as(path).isEqualTo(401);
      assertThat(answer.text("code")).isEqualTo("unauthenticated");
      assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer");
    }
  }

  @Test
  void aTokenEndsAfterADayAndAtLogout() {
    String first = service.token();
    assertThat(service.send(bearer("/api/auth/logout", first).POST(none())).status())
        .isEqualTo(200);
    assertThat(withToken(first).status()).isEqualTo(401);
    String second = login();
    service.clock.forward(Duration.ofHours(23).plusMinutes(59));
    assertThat(withToken(second).status()).isEqualTo(200);
    service.clock.forward(Duration.ofMinutes(2));
    assertThat(withToken(second).status()).isEqualTo(401);
  }

  @Test
  void fiveTriesAMinuteThenWait() {
    for (int i = 0; i < 5; i++) {
      RunningService.Answer wrong = service.login(i % 2 == 0 ? "owner" : "nobody", "wrong");
      assertThat(wrong.status()).isEqualTo(401);
      assertThat(wrong.text("code")).isEqualTo("bad_credentials");
    }
    RunningService.Answer limited = service.login("owner", "wrong");
    assertThat(limited.status()).isEqualTo(429);
    assertThat(Integer.parseInt(limited.header("Retry-After"))).isBetween(1, 60);
    service.clock.forward(Duration.ofSeconds(61));
    assertThat(login()).isNotEmpty();
  }

  // Attack: a local program makes each try from another of its 16 million addresses.
  @Test
  void allLoopbackAddressesAreOne() throws Exception {
    for (int i = 1; i <= 6; i++) {
      try (HttpClient from =
          HttpClient.newBuilder().localAddress(InetAddress.ofLiteral("127.0.0." + i)).build()) {
        var answer =
            from.send(
                service
                    .request("/api/auth/login")
                    .header("Content-Type", "application/json")
                    .POST(
                        HttpRequest.BodyPublishers.ofString(
                            "{\"username\":\"owner\",\"password\":\"wrong\"}"))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as("127.0.0.%d", i).isEqualTo(i < 6 ? 401 : 429);
      }
    }
  }

  @Test
  void anAccountIsLimitedTooWhereverTheTriesComeFrom() {
    LoginLimits limits = new LoginLimits(service.clock);
    for (int i = 0; i < 20; i++) {
      assertThat(limits.secondsToWait("10.0.0." + i, "owner", false)).isZero();
      limits.failed("Owner", false);
    }
    assertThat(limits.secondsToWait("10.9.9.9", "owner", false)).isPositive();
    assertThat(limits.secondsToWait("10.9.9.9", "other", false)).isZero();
  }

  @Test
  void aStrangerCannotKeepTheOwnerOut() {
    LoginLimits limits = new LoginLimits(service.clock);
    for (int i = 0; i < 200; i++) {
      String address = "10.1." + i / 100 + "." + i % 100;
      if (limits.secondsToWait(address, "owner", false) == 0) {
        limits.failed("owner", false);
      }
    }
    assertThat(limits.secondsToWait("10.9.9.9", "owner", false))
        .as("positive control: strangers wait")
        .isPositive();
    assertThat(limits.secondsToWait("192.0.2.7", "owner", true))
        .as("an address from which the owner logged in before")
        .isZero();
    for (int i = 0; i < 4; i++) {
      limits.failed("owner", true);
      assertThat(limits.secondsToWait("192.0.2.7", "owner", true)).isZero();
    }
    assertThat(limits.secondsToWait("192.0.2.7", "owner", true))
        .as("even a known address tries five times a minute")
        .isPositive();
  }

  @Test
  void everyLogInCostsOneHashWhoeverIsAskedFor() throws Exception {
    Passwords passwords = new Passwords();
    var store = service.store();
    LogIn logIn =
        new LogIn(
            store.users(),
            store.devices(),
            passwords,
            service.tokens(),
            new LoginLimits(service.clock),
            service.clock,
            service.home);
    String password = service.password();
    service.person("ann", Map.of());
    service.person("out", Map.of());
    var users = store.users();
    String hash = passwords.hash("another");
    for (String name : new String[] {"ann", "out"}) {
      users.change(
          Objects.requireNonNull(users.byName(name)).id(),
          user -> user.withPassword(hash, null).withDisabled(name.equals("out")));
    }
    String[][] tries = {
      {"owner", "wrong"}, {"nobody", "wrong"}, {"ann", "wrong"}, {"out", "another"},
      {"o".repeat(5000), "wrong"}, {"owner", "p".repeat(5000)}, {"", ""}, {"Owner", password}
    };
    int address = 0;
    for (String[] tried : tries) {
      long before = passwords.hashed();
      var client = new ClientAddress("10.0.0." + address++, false, false);
      assertThatThrownBy(() -> logIn.withPassword(tried[0], tried[1], null, client))
          .isInstanceOf(LogIn.RefusedException.class);
      assertThat(passwords.hashed() - before)
          .as(tried[0].substring(0, Math.min(9, tried[0].length())))
          .isEqualTo(1);
    }
    long before = passwords.hashed();
    logIn.withPassword("owner", password, null, new ClientAddress("10.0.1.1", false, false));
    assertThat(passwords.hashed() - before).as("the right one").isEqualTo(1);
    assertThat(users.knows(Objects.requireNonNull(users.byName("owner")).id(), "10.0.1.1"))
        .isTrue();
  }

  @Test
  void aOnceOnlyPasswordOpensNothingButItsChange() {
    String made =
        service
            .post("/api/users", "{\"name\":\"ann\",\"roles\":{\"*\":\"viewer\"}}", "k")
            .text("password");
    RunningService.Answer again =
        service.post("/api/users", "{\"name\":\"ann\",\"roles\":{\"*\":\"viewer\"}}", "k");
    assertThat(again.status()).isEqualTo(201);
    assertThat(again.raw().body()).as("it is shown once").doesNotContain("password");
    String token = service.login("ann", made).text("token");
    assertThat(withToken(token).text("code")).isEqualTo("password_change_required");
    assertThat(withToken(token).status()).isEqualTo(403);
    RunningService.Answer shortOne = change(token, made, "short");
    assertThat(shortOne.status()).as(shortOne.raw().body()).isEqualTo(400);
    assertThat(change(token, made, made).status()).isEqualTo(400);
    assertThat(change(token, "wrong", "a new long password").status()).isEqualTo(401);
    RunningService.Answer changed = change(token, made, "a new long password");
    assertThat(changed.status()).as(changed.raw().body()).isEqualTo(200);
    assertThat(withToken(token).status()).as("the session before").isEqualTo(401);
    assertThat(withToken(changed.text("token")).status()).isEqualTo(200);
    service.clock.forward(Duration.ofSeconds(61));
    assertThat(service.login("ann", made).status()).isEqualTo(401);
    assertThat(service.login("ann", "a new long password").status()).isEqualTo(200);
  }

  @Test
  void aOnceOnlyPasswordEndsAfterThreeDays() {
    String made = service.post("/api/users", "{\"name\":\"ann\",\"roles\":{}}").text("password");
    service.clock.forward(Duration.ofHours(73));
    assertThat(service.login("ann", made).status()).isEqualTo(401);
  }

  @Test
  void theOwnersNewPasswordRemovesTheFileWithTheOldOne() throws Exception {
    String token = service.token();
    assertThat(change(token, service.password(), "a new long password").status()).isEqualTo(200);
    assertThat(service.home.resolve("owner.credentials")).doesNotExist();
    service.down();
    service.up();
    assertThat(service.home.resolve("owner.credentials")).doesNotExist();
    assertThat(service.login("owner", "a new long password").status()).isEqualTo(200);
  }

  @Test
  void somebodyIsLeftWhoOwnsAll() {
    String me = service.get("/api/users/me").text("id");
    for (String body : new String[] {"{\"disabled\":true}", "{\"roles\":{\"*\":\"none\"}}"}) {
      RunningService.Answer answer =
          service.call(service.token(), "PATCH", "/api/users/" + me, body);
      assertThat(answer.status()).as(answer.raw().body()).isEqualTo(409);
    }
    service.person("second", Map.of("*", Role.OWNER));
    assertThat(
            service
                .call(service.token(), "PATCH", "/api/users/" + me, "{\"disabled\":true}")
                .status())
        .isEqualTo(200);
    assertThat(service.get("/api/runs").status()).isEqualTo(401);
  }

  @Test
  void nobodyTakesANameThatTheLogUsesForSomethingElse() {
    for (String name : new String[] {"timeout", "system", "token:x", "Ann", "аnn", "", "a b"}) {
      assertThat(service.post("/api/users", "{\"name\":\"" + name + "\",\"roles\":{}}").status())
          .as(name)
          .isEqualTo(400);
    }
    assertThat(service.post("/api/users", "{\"name\":\"owner\",\"roles\":{}}").status())
        .isEqualTo(409);
  }

  @Test
  void rolesThatCannotBeAreToldByTheirMember() {
    String many =
        IntStream.rangeClosed(0, Roles.PROJECTS_MAX)
            .mapToObj(i -> "\"p" + i + "\":\"viewer\"")
            .collect(Collectors.joining(","));
    service.person("bob", Map.of());
    String bob = Objects.requireNonNull(service.store().users().byName("bob")).id();
    for (String roles : new String[] {"{\"a\":null}", "{" + many + "}"}) {
      RunningService.Answer made =
          service.post("/api/users", "{\"name\":\"ann\",\"roles\":" + roles + "}");
      assertThat(made.status()).as(made.raw().body()).isEqualTo(400);
      assertThat(made.raw().body()).contains("roles");
      RunningService.Answer changed =
          service.call(service.token(), "PATCH", "/api/users/" + bob, "{\"roles\":" + roles + "}");
      assertThat(changed.status()).as(changed.raw().body()).isEqualTo(400);
      assertThat(changed.raw().body()).contains("roles");
    }
  }

  @Test
  void noSecretIsKeptInTheDatabase() throws Exception {
    String password =
        service.post("/api/users", "{\"name\":\"ann\",\"roles\":{}}").text("password");
    RunningService.Answer made =
        service.post("/api/tokens", "{\"name\":\"ci\",\"project\":\"*\",\"role\":\"viewer\"}");
    String token = made.text("token");
    assertThat(withToken(token).status()).isEqualTo(200);
    String session = service.token();
    service.down();
    String all = "";
    for (String file : new String[] {"helm.db", "helm.db-wal", "heads.log"}) {
      java.nio.file.Path path = service.home.resolve(file);
      all += Files.exists(path) ? Files.readString(path, StandardCharsets.ISO_8859_1) : "";
    }
    assertThat(all).contains("ann").doesNotContain(password, token, session);
    service.up();
    assertThat(withToken(token).status()).as("a service token outlives a restart").isEqualTo(200);
    assertThat(
            service
                .call(
                    session,
                    "DELETE",
                    "/api/tokens/" + made.json().at("/details/id").asText(),
                    null)
                .status())
        .isEqualTo(200);
    assertThat(withToken(token).status()).isEqualTo(401);
  }

  private RunningService.Answer change(String token, String old, String fresh) {
    return service.call(
        token,
        "POST",
        "/api/auth/password",
        dev.helm.workflows.HelmJson.write(Map.of("password", old, "newPassword", fresh)));
  }

  @Test
  void hostileLoginsAreRefusedInOneShape() {
    for (String body :
        new String[] {
          "",
          "null",
          "[]",
          "{}",
          "{\"username\":\"owner\"}",
          "{\"username\":1,\"password\":\"x\"}",
          "{\"username\":null,\"password\":\"x\"}"
        }) {
      RunningService.Answer answer =
          service.send(
              service
                  .request("/api/auth/login")
                  .header("Content-Type", "application/json")
                  .POST(java.net.http.HttpRequest.BodyPublishers.ofString(body)));
      assertThat(answer.status()).as(body).isEqualTo(400);
      assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    }
    assertThat(service.login("o".repeat(5000), "p".repeat(100_000)).status()).isEqualTo(401);
  }

  private String login() {
    try {
      return service.login("owner", service.password()).text("token");
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private RunningService.Answer withToken(String token) {
    return service.send(bearer("/api/runs", token).GET());
  }

  private java.net.http.HttpRequest.Builder bearer(String path, String token) {
    return service.request(path).header("Authorization", "Bearer " + token);
  }

  private static java.net.http.HttpRequest.BodyPublisher none() {
    return java.net.http.HttpRequest.BodyPublishers.noBody();
  }
}
