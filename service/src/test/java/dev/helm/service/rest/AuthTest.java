package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.auth0.jwt.JWT;
import com.auth0.jwt.JWTCreator;
import com.auth0.jwt.algorithms.Algorithm;
import dev.helm.service.auth.JwtKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
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
  void noForgedTokenIsTaken() throws Exception {
    byte[] key = JwtKey.of(service.home);
    Algorithm right = Algorithm.HMAC256(key);
    String user = JWT.decode(service.token()).getSubject();
    Map<String, String> tokens = new LinkedHashMap<>();
    tokens.put("alg none", unsigned(user));
    tokens.put("HS384", claims(user, b -> b).sign(Algorithm.HMAC384(key)));
    tokens.put("HS512", claims(user, b -> b).sign(Algorithm.HMAC512(key)));
    tokens.put("wrong key", claims(user, b -> b).sign(Algorithm.HMAC256("x".repeat(64))));
    tokens.put("empty key", claims(user, b -> b).sign(Algorithm.HMAC256("\0")));
    tokens.put("other audience", claims(user, b -> b.withAudience("other")).sign(right));
    tokens.put("two audiences", claims(user, b -> b.withAudience("helm-api", "other")).sign(right));
    tokens.put("other issuer", claims(user, b -> b.withIssuer("evil")).sign(right));
    tokens.put(
        "expired", claims(user, b -> b.withExpiresAt(Instant.now().minusSeconds(1))).sign(right));
    tokens.put(
        "from the future",
        claims(user, b -> b.withIssuedAt(Instant.now().plusSeconds(600))).sign(right));
    tokens.put(
        "too long",
        claims(user, b -> b.withExpiresAt(Instant.now().plus(Duration.ofDays(400)))).sign(right));
    tokens.put("no subject", claims(null, b -> b).sign(right));
    tokens.put("unknown subject", claims("f".repeat(32), b -> b).sign(right));
    tokens.put("no id", claims(user, b -> b.withJWTId(null)).sign(right));
    tokens.put("no exp", claims(user, b -> b.withExpiresAt((Instant) null)).sign(right));
    tokens.put("other type", claims(user, b -> b.withHeader(Map.of("typ", "other"))).sign(right));
    tokens.put("a ticket", service.ticket());
    tokens.put("cut", service.token().substring(0, service.token().length() - 3));
    tokens.put("words", "not a token");
    tokens.put("empty", "");
    tokens.put("long", "a".repeat(5000));
    tokens.forEach((what, token) -> assertThat(withToken(token).status()).as(what).isEqualTo(401));
    assertThat(withToken(claims(user, b -> b).sign(right)).status()).isEqualTo(200);
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

  @Test
  void anAccountIsLimitedTooWhereverTheTriesComeFrom() {
    dev.helm.service.auth.LoginLimits limits = new dev.helm.service.auth.LoginLimits(service.clock);
    for (int i = 0; i < 20; i++) {
      assertThat(limits.secondsToWait("10.0.0." + i, "owner", false)).isZero();
      limits.failed("Owner", false);
    }
    assertThat(limits.secondsToWait("10.9.9.9", "owner", false)).isPositive();
    assertThat(limits.secondsToWait("10.9.9.9", "other", false)).isZero();
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

  private static JWTCreator.Builder claims(
      @Nullable String user, UnaryOperator<JWTCreator.Builder> change) {
    return change.apply(
        JWT.create()
            .withIssuer("helm")
            .withAudience("helm-api")
            .withSubject(user)
            .withIssuedAt(Instant.now().minusSeconds(2))
            .withExpiresAt(Instant.now().plusSeconds(600))
            .withJWTId(UUID.randomUUID().toString()));
  }

  private static String unsigned(String user) {
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    String signed = claims(user, b -> b).sign(Algorithm.none());
    String body = signed.split("\\.", -1)[1];
    return base64.encodeToString(
            "{\"alg\":\"none\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.UTF_8))
        + "."
        + body
        + ".";
  }
}
