package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Role;
import dev.helm.service.auth.DeviceKey;
import dev.helm.service.store.UserStore;
import dev.helm.workflows.HelmJson;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Devices: named at log-in, paired with a key, taken out. */
class DeviceTest {
  private static final KeyPair KEYS = keys();
  static final String PUBLIC_KEY = publicKey(KEYS);

  private RunningService service;

  @BeforeEach
  void start() {
    service = RunningService.start();
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private static KeyPair keys() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String publicKey(KeyPair keys) {
    byte[] encoded = keys.getPublic().getEncoded();
    return Base64.getEncoder()
        .encodeToString(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
  }

  private static String sign(KeyPair keys, String text) throws Exception {
    Signature signer = Signature.getInstance("Ed25519");
    signer.initSign(keys.getPrivate());
    signer.update(text.getBytes(StandardCharsets.UTF_8));
    return Base64.getEncoder().encodeToString(signer.sign());
  }

  private String pair() {
    RunningService.Answer paired =
        service.post(
            "/api/devices", HelmJson.write(Map.of("name", "phone", "publicKey", PUBLIC_KEY)));
    assertThat(paired.status()).as(paired.raw().body()).isEqualTo(201);
    assertThat(paired.json().path("paired").asBoolean()).isTrue();
    return paired.text("id");
  }

  private String challenge(String device) {
    return service
        .call(null, "POST", "/api/auth/challenge", HelmJson.write(Map.of("device", device)))
        .text("challenge");
  }

  private RunningService.Answer refresh(String device, String challenge, String signature) {
    return service.call(
        null,
        "POST",
        "/api/auth/refresh",
        HelmJson.write(Map.of("device", device, "challenge", challenge, "signature", signature)));
  }

  @Test
  void aPairedDeviceGetsItsNextTokenWithItsKeyAlone() throws Exception {
    String device = pair();
    service.clock.forward(Duration.ofHours(25));
    assertThat(service.get("/api/runs").status()).as("the old token has ended").isEqualTo(401);
    String challenge = challenge(device);
    RunningService.Answer next =
        refresh(device, challenge, sign(KEYS, DeviceKey.text(device, challenge)));
    assertThat(next.status()).as(next.raw().body()).isEqualTo(200);
    assertThat(next.text("device")).isEqualTo(device);
    assertThat(service.call(next.text("token"), "GET", "/api/runs", null).status()).isEqualTo(200);
  }

  // Attack: a stranger at an unlocked screen pairs a device and comes back by its key for good.
  @Test
  void noPairedDeviceOutlivesThePassword() throws Exception {
    var users = service.store().users();
    String ann = service.person("ann", Map.of("infra-ops", Role.VIEWER));
    String id = Objects.requireNonNull(users.byName("ann")).id();
    List<UnaryOperator<UserStore.User>> ends =
        List.of(
            user -> user.withPassword("another", null),
            user -> user.withPassword("reset", 1L).withPassword("and changed", null),
            user -> user.withDisabled(true));
    for (UnaryOperator<UserStore.User> end : ends) {
      String device =
          service
              .call(
                  ann,
                  "POST",
                  "/api/devices",
                  HelmJson.write(Map.of("name", "phone", "publicKey", PUBLIC_KEY)))
              .text("id");
      users.change(id, user -> user.withRoles(user.roles().with("web", Role.VIEWER)));
      assertThat(keyed(device)).as("positive control: other roles end nothing").isEqualTo(200);
      users.change(id, end);
      users.change(id, user -> user.withDisabled(false));
      assertThat(keyed(device)).isEqualTo(401);
      assertThat(service.store().devices().pair(id, 1, "late", PUBLIC_KEY))
          .as("paired by a session that ended meanwhile")
          .isNull();
      ann = service.session(Objects.requireNonNull(users.byId(id)), null);
    }
  }

  private int keyed(String device) throws Exception {
    String challenge = challenge(device);
    return refresh(device, challenge, sign(KEYS, DeviceKey.text(device, challenge))).status();
  }

  @Test
  void noOtherProofIsTaken() throws Exception {
    String device = pair();
    String other = pair("tablet");
    String challenge = challenge(device);
    String good = sign(KEYS, DeviceKey.text(device, challenge));
    KeyPair foreign = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    for (String bad :
        new String[] {
          sign(foreign, DeviceKey.text(device, challenge)),
          sign(KEYS, challenge),
          sign(KEYS, DeviceKey.text(other, challenge)),
          Base64.getEncoder().encodeToString(new byte[64]),
          "",
          "%%%",
          good.substring(4)
        }) {
      assertThat(refresh(device, challenge, bad).status()).as(bad).isEqualTo(401);
    }
    String othersChallenge = challenge(other);
    assertThat(
            refresh(device, othersChallenge, sign(KEYS, DeviceKey.text(device, othersChallenge)))
                .status())
        .as("another device's challenge")
        .isEqualTo(401);
    assertThat(refresh(device, service.token(), good).status()).isEqualTo(401);
    assertThat(refresh(device, service.ticket(), good).status()).isEqualTo(401);
    assertThat(refresh("f".repeat(32), challenge("f".repeat(32)), good).status()).isEqualTo(401);
    assertThat(refresh(device, challenge, good).status()).as("positive control").isEqualTo(200);
    assertThat(refresh(device, challenge, good).status()).as("a second time").isEqualTo(401);
    String late = challenge(device);
    service.clock.forward(Duration.ofSeconds(61));
    assertThat(refresh(device, late, sign(KEYS, DeviceKey.text(device, late))).status())
        .as("after its minute")
        .isEqualTo(401);
    service.clock.forward(Duration.ofDays(31));
    String idle = challenge(device);
    assertThat(refresh(device, idle, sign(KEYS, DeviceKey.text(device, idle))).status())
        .as("a device that nobody used for a month")
        .isEqualTo(401);
  }

  private String pair(String name) {
    return service
        .post("/api/devices", HelmJson.write(Map.of("name", name, "publicKey", PUBLIC_KEY)))
        .text("id");
  }

  @Test
  void challengesAreLimitedByAddress() {
    int last = 0;
    for (int i = 0; i < 40 && last != 429; i++) {
      last = service.call(null, "POST", "/api/auth/challenge", "{\"device\":\"x\"}").status();
    }
    assertThat(last).isEqualTo(429);
  }

  @Test
  void aRevokedDeviceIsOutAtOnceAndItsSocketCloses() throws Exception {
    RunningService.Answer in = service.login("owner", service.password());
    String phone = in.text("token");
    String device = in.text("device");
    assertThat(service.login("owner", service.password()).text("device"))
        .as("the same name is the same device")
        .isEqualTo(device);
    service.as(phone);
    String ticket = service.ticket();
    String unused = service.ticket();
    try (SocketClient client = new SocketClient(service, ticket)) {
      client.send("{\"op\":\"subscribe\",\"run\":\"*\",\"after\":0}");
      client.next(f -> f.path("op").asText().equals("caughtUp"));
      String other = service.person("ann", Map.of());
      assertThat(service.call(other, "DELETE", "/api/devices/" + device, null).status())
          .as("somebody else's device")
          .isEqualTo(404);
      assertThat(service.call(phone, "GET", "/api/runs", null).status()).isEqualTo(200);
      assertThat(service.delete("/api/devices/" + device).status()).isEqualTo(200);
      assertThat(service.call(phone, "GET", "/api/runs", null).status()).isEqualTo(401);
      client.awaitClosed();
    }
    assertThat(service.send(service.request("/api/stream?ticket=" + unused).GET()).status())
        .isEqualTo(400);
    assertThat(service.tokens().admit(unused, dev.helm.service.auth.Tokens.Purpose.STREAM))
        .as("a ticket of the revoked device")
        .isNull();
  }

  @Test
  void aSocketClosesWithoutACallThroughRestToo() {
    String token = service.person("bob", Map.of("infra-ops", Role.VIEWER));
    service.as(token);
    String ticket = service.ticket();
    try (SocketClient client = new SocketClient(service, ticket)) {
      var users = service.store().users();
      String id = Objects.requireNonNull(users.byName("bob")).id();
      users.change(id, user -> user.withDisabled(true));
      client.awaitClosed();
    }
    assertThat(service.get("/api/runs").status()).isEqualTo(401);
  }

  @Test
  void badKeysAreRefused() {
    for (String key : new String[] {"", "AAAA", "%", PUBLIC_KEY + "AAAA", "A".repeat(5000)}) {
      assertThat(
              service
                  .post("/api/devices", HelmJson.write(Map.of("name", "x", "publicKey", key)))
                  .status())
          .as(key)
          .isEqualTo(400);
    }
  }
}
