package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.secret.Secrets;
import dev.helm.api.Role;
import dev.helm.api.Secret;
import dev.helm.api.Sha256;
import dev.helm.service.store.SecretStore;
import dev.helm.service.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Secrets over REST: in and never out, sealed on the disk, told apart by project. */
class SecretsTest {
  private static final String VALUE = "sesame-open-0x7f3a91";

  private static RunningService service;
  private static String owner;

  @TempDir Path home;

  @BeforeAll
  static void start() {
    service = RunningService.start();
    owner = service.person("boss", Map.of("*", Role.OWNER));
    service.as(owner);
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  private static RunningService.Answer put(String path, String value) {
    return service.call(owner, "PUT", "/api/secrets/" + path, "{\"value\":\"" + value + "\"}");
  }

  @Test
  void aValueGoesInAndIsNowhereOnTheDiskOrInAnAnswer() throws IOException {
    RunningService.Answer set = put("infra-ops/API_TOKEN", VALUE);
    assertThat(set.status()).isEqualTo(200);
    assertThat(set.raw().body()).doesNotContain(VALUE);
    assertThat(set.json().path("version").asLong()).isEqualTo(1);
    assertThat(set.json().has("usedAt")).isFalse();
    SecretStore secrets = service.store().secrets();
    Secret value = Objects.requireNonNull(secrets.get("infra-ops", "API_TOKEN"));
    assertThat(value.reveal()).isEqualTo(VALUE);
    assertThat(value.toString()).doesNotContain(VALUE);
    assertThat(secrets.get("other", "API_TOKEN")).isNull();
    RunningService.Answer list = service.get("/api/secrets?project=infra-ops");
    assertThat(list.raw().body()).doesNotContain(VALUE);
    assertThat(list.json().at("/items/0/by").asText()).isEqualTo("boss");
    assertThat(list.json().at("/items/0").has("usedAt")).isTrue();
    RunningService.Answer audit = service.get("/api/audit");
    assertThat(audit.raw().body()).contains("/api/secrets/infra-ops/API_TOKEN");
    String body = "{\"value\":\"" + VALUE + "\"}";
    for (String form :
        List.of(
            VALUE,
            Base64.getEncoder().encodeToString(VALUE.getBytes(StandardCharsets.UTF_8)),
            Sha256.hex(VALUE),
            Sha256.hex(body))) {
      assertThat(filesWith(service.home, form)).as(form).isEmpty();
    }
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(service.home.resolve("keys/secrets.key"))))
        .isEqualTo("rw-------");
  }

  private static List<Path> filesWith(Path home, String text) throws IOException {
    try (Stream<Path> files = Files.walk(home)) {
      return files.filter(Files::isRegularFile).filter(file -> latin(file).contains(text)).toList();
    }
  }

  private static String latin(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void settingAgainReplacesAndRemovingTakesAway() {
    put("infra-ops/ROTATED", "first-value-1");
    assertThat(put("infra-ops/ROTATED", "second-value-2").json().path("version").asLong())
        .isEqualTo(2);
    SecretStore secrets = service.store().secrets();
    assertThat(Objects.requireNonNull(secrets.get("infra-ops", "ROTATED")).reveal())
        .isEqualTo("second-value-2");
    // A program that was started before the rotation may still say the old one.
    assertThat(secrets.scrubber("infra-ops").text("first-value-1 second-value-2"))
        .isEqualTo("[secret ROTATED] [secret ROTATED]");
    String path = "/api/secrets/infra-ops/ROTATED";
    assertThat(service.call(owner, "DELETE", path, null).status()).isEqualTo(200);
    assertThat(service.call(owner, "DELETE", path, null).status()).isEqualTo(404);
    assertThat(secrets.get("infra-ops", "ROTATED")).isNull();
    assertThat(put("infra-ops/ROTATED", "third-value-3").json().path("version").asLong())
        .isEqualTo(4);
  }

  @Test
  void atNoMomentOfARotationIsAValueShownThatIsOrWasInUse() throws Exception {
    SecretStore secrets = service.store().secrets();
    secrets.set("turning", "KEY", Secret.of("value-number-0"), "boss");
    AtomicBoolean over = new AtomicBoolean();
    Thread turner =
        Thread.startVirtualThread(
            () -> {
              for (int i = 1; i <= 300; i++) {
                secrets.set("turning", "KEY", Secret.of("value-number-" + i), "boss");
              }
              over.set(true);
            });
    String before = "value-number-0";
    while (!over.get()) {
      String now = Objects.requireNonNull(secrets.get("turning", "KEY")).reveal();
      assertThat(secrets.scrubber("turning").text(before + " " + now))
          .doesNotContain("value-number");
      before = now;
    }
    turner.join();
  }

  @Test
  void whatASecretWasChangedForIsTakenOutTooUntilItIsWorthNothing() {
    SecretStore secrets = service.store().secrets();
    secrets.hide("tokens", "token of crm", Secret.of("token-778899"), Long.MAX_VALUE);
    secrets.hide("tokens", "token of crm", Secret.of("token-112233"), 1);
    assertThat(secrets.scrubber("tokens").text("Bearer token-778899"))
        .isEqualTo("Bearer [secret token of crm]");
    assertThat(secrets.scrubber("others").text("token-778899")).isEqualTo("token-778899");
    secrets.hide("tokens", "token of crm", Secret.of("token-445566"), Long.MAX_VALUE);
    assertThat(secrets.scrubber("tokens").text("token-112233")).isEqualTo("token-112233");
  }

  @Test
  void whatCannotBeKeptIsRefused() {
    assertThat(put("infra-ops/SHORT", "1234567").text("code")).isEqualTo("invalid_input");
    assertThat(put("infra-ops/SHORT", "        ").status()).isEqualTo(400);
    assertThat(put("infra-ops/SHORT", "x".repeat(16 * 1024 + 1)).status()).isEqualTo(400);
    assertThat(put("infra-ops/lower", VALUE).status()).isEqualTo(400);
    assertThat(put("*/TOKEN", VALUE).status()).isEqualTo(400);
    assertThat(service.call(owner, "PUT", "/api/secrets/infra-ops/NONE", "{}").status())
        .isEqualTo(400);
    assertThat(service.call(owner, "GET", "/api/secrets/infra-ops/NONE", null).status())
        .isEqualTo(405);
  }

  @Test
  void aFullProjectTakesNoMore() {
    SecretStore secrets = service.store().secrets();
    for (int i = 0; i < SecretStore.OF_PROJECT_MAX; i++) {
      secrets.set("full", "S" + i, Secret.of(VALUE), "boss");
    }
    assertThat(put("full/ONE_MORE", VALUE).status()).isEqualTo(409);
    assertThat(put("full/S7", VALUE).status()).isEqualTo(200);
  }

  @Test
  void aRowThatWasMovedOrTakenBackOrSealedWithAnotherKeyDoesNotOpen() throws IOException {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      SecretStore secrets = store.secrets();
      secrets.set("p", "A", Secret.of("value-of-a-1"), "boss");
      secrets.set("p", "B", Secret.of("value-of-b-1"), "boss");
      store
          .writer()
          .write(
              tx ->
                  tx.sql()
                      .update(
                          "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'A')"
                              + " WHERE name = 'B'"));
      assertThatThrownBy(() -> secrets.get("p", "B"))
          .isInstanceOf(Secrets.UnreadableException.class)
          .hasMessageContaining("set the secret again");
      store.writer().write(tx -> tx.sql().update("UPDATE secrets SET version = 7"));
      assertThatThrownBy(() -> secrets.get("p", "A"))
          .isInstanceOf(Secrets.UnreadableException.class);
      secrets.set("p", "A", Secret.of("value-of-a-2"), "boss");
      assertThat(Objects.requireNonNull(secrets.get("p", "A")).reveal()).isEqualTo("value-of-a-2");
    }
    Files.delete(home.resolve("keys/secrets.key"));
    try (Store store = Store.open(home, Clock.systemUTC())) {
      assertThatThrownBy(() -> store.secrets().get("p", "A"))
          .isInstanceOf(Secrets.UnreadableException.class);
      assertThat(store.secrets().scrubber("p").text("x")).isEqualTo("x");
    }
  }
}
