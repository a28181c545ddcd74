package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.service.auth.JwtKey;
import dev.helm.service.auth.Tokens;
import dev.helm.workflows.HelmJson;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Tokens and tickets that Helm did not make, or made for something else. */
class ForgedTokenTest {
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
  private static final String HEADER = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

  private static RunningService service;
  private static byte[] key;
  private static String user;

  @BeforeAll
  static void start() throws Exception {
    service = RunningService.start();
    key = JwtKey.of(service.home);
    user = service.get("/api/users/me").text("id");
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  private static String part(String json) {
    return BASE64.encodeToString(json.getBytes(StandardCharsets.UTF_8));
  }

  private static String hmac(String algorithm, byte[] with, String text) {
    try {
      Mac mac = Mac.getInstance(algorithm);
      mac.init(new SecretKeySpec(with, algorithm));
      return BASE64.encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Signed with the installation's own key: only its form or content can be wrong. */
  private static String signed(String header, String payload) {
    String text = part(header) + "." + part(payload);
    return text + "." + hmac("HmacSHA256", key, text);
  }

  private static Map<String, Object> claims() {
    long now = service.clock.instant().getEpochSecond();
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("iss", "helm");
    claims.put("aud", "helm-api");
    claims.put("sub", user);
    claims.put("iat", now - 2);
    claims.put("exp", now + 600);
    claims.put("jti", java.util.UUID.randomUUID().toString());
    claims.put("ver", 1);
    return claims;
  }

  private static String with(String claim, @Nullable Object value) {
    Map<String, Object> claims = claims();
    if (value == null) {
      claims.remove(claim);
    } else {
      claims.put(claim, value);
    }
    return signed(HEADER, HelmJson.write(claims));
  }

  private static String good() {
    return signed(HEADER, HelmJson.write(claims()));
  }

  private static int status(String token) {
    return service.call(token, "GET", "/api/runs", null).status();
  }

  @Test
  void noneOfTheCorpusIsTaken() throws Exception {
    Map<String, String> corpus = new LinkedHashMap<>();
    algorithms(corpus);
    claimsOfAllKinds(corpus);
    forms(corpus);
    assertThat(corpus).hasSizeGreaterThanOrEqualTo(60);
    List<String> taken = new ArrayList<>();
    corpus.forEach(
        (what, token) -> {
          int status = status(token);
          if (status != 401) {
            taken.add(what + ": " + status);
          }
          assertThat(status(good())).as("positive control beside " + what).isEqualTo(200);
        });
    assertThat(taken).isEmpty();
  }

  private static void algorithms(Map<String, String> corpus) throws Exception {
    String payload = HelmJson.write(claims());
    for (String none : List.of("none", "None", "NONE", "nOnE", "")) {
      String text = part("{\"alg\":\"" + none + "\",\"typ\":\"JWT\"}") + "." + part(payload);
      corpus.put("alg " + none + " without signature", text + ".");
      corpus.put("alg " + none + " signed", text + "." + hmac("HmacSHA256", key, text));
    }
    for (String[] other : new String[][] {{"HS384", "HmacSHA384"}, {"HS512", "HmacSHA512"}}) {
      String text = part("{\"alg\":\"" + other[0] + "\",\"typ\":\"JWT\"}") + "." + part(payload);
      corpus.put(other[0], text + "." + hmac(other[1], key, text));
    }
    KeyPair rsa = KeyPairGenerator.getInstance("RSA").generateKeyPair();
    String rs = part("{\"alg\":\"RS256\",\"typ\":\"JWT\"}") + "." + part(payload);
    Signature signer = Signature.getInstance("SHA256withRSA");
    signer.initSign(rsa.getPrivate());
    signer.update(rs.getBytes(StandardCharsets.UTF_8));
    corpus.put("RS256", rs + "." + BASE64.encodeToString(signer.sign()));
    String hs = part(HEADER) + "." + part(payload);
    corpus.put(
        "HS256 keyed with a public key",
        hs + "." + hmac("HmacSHA256", rsa.getPublic().getEncoded(), hs));
    corpus.put("alg missing", signed("{\"typ\":\"JWT\"}", payload));
    corpus.put(
        "alg twice", signed("{\"alg\":\"none\",\"alg\":\"HS256\",\"typ\":\"JWT\"}", payload));
    corpus.put("alg a list", signed("{\"alg\":[\"HS256\"],\"typ\":\"JWT\"}", payload));
    for (String extra :
        List.of(
            "\"kid\":\"../../../../dev/null\"",
            "\"kid\":\"' UNION SELECT 'x\"",
            "\"kid\":\"0\"",
            "\"jku\":\"http://127.0.0.1:1/keys\"",
            "\"x5u\":\"http://127.0.0.1:1/cert\"",
            "\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}",
            "\"crit\":[\"exp\"]",
            "\"zip\":\"DEF\"",
            "\"cty\":\"JWT\"")) {
      corpus.put(extra, signed("{\"alg\":\"HS256\",\"typ\":\"JWT\"," + extra + "}", payload));
    }
    corpus.put("typ missing", signed("{\"alg\":\"HS256\"}", payload));
    corpus.put("typ jwt", signed("{\"alg\":\"HS256\",\"typ\":\"jwt\"}", payload));
    corpus.put("typ at+jwt", signed("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", payload));
    corpus.put(
        "typ of a ticket", signed("{\"alg\":\"HS256\",\"typ\":\"helm-ticket+jwt\"}", payload));
    for (byte[] wrong :
        List.of(new byte[1], new byte[64], "secret".getBytes(StandardCharsets.UTF_8))) {
      corpus.put("key of " + wrong.length, hs + "." + hmac("HmacSHA256", wrong, hs));
    }
    Path other = Files.createTempDirectory(Path.of("/tmp"), "helm-other");
    corpus.put("another installation's key", hs + "." + hmac("HmacSHA256", JwtKey.of(other), hs));
  }

  private static void claimsOfAllKinds(Map<String, String> corpus) {
    long now = service.clock.instant().getEpochSecond();
    for (String claim : List.of("iss", "aud", "sub", "iat", "exp", "jti", "ver")) {
      corpus.put("no " + claim, with(claim, null));
      String text = HelmJson.write(claims());
      corpus.put(
          claim + " null",
          signed(
              HEADER,
              text.replaceFirst("\"" + claim + "\":(\"[^\"]*\"|\\d+)", "\"" + claim + "\":null")));
    }
    corpus.put("other issuer", with("iss", "evil"));
    corpus.put("other audience", with("aud", "other"));
    corpus.put("a ticket's audience", with("aud", "helm-ticket-stream"));
    corpus.put("two audiences", with("aud", List.of("helm-api", "other")));
    corpus.put("audience in a list", with("aud", List.of("helm-api")));
    corpus.put("unknown subject", with("sub", "f".repeat(32)));
    corpus.put("subject a number", with("sub", 1));
    corpus.put("expired", with("exp", now - 1));
    corpus.put("exp as text", with("exp", String.valueOf(now + 600)));
    corpus.put("exp with a fraction", with("exp", now + 600.5));
    corpus.put("exp huge", with("exp", new java.math.BigInteger("9".repeat(30))));
    corpus.put("exp the largest long", with("exp", Long.MAX_VALUE));
    corpus.put("exp negative", with("exp", -1));
    corpus.put("good for a year", with("exp", now + Duration.ofDays(365).toSeconds()));
    corpus.put("made tomorrow", with("iat", now + 86_400));
    corpus.put("made at the largest long", with("iat", Long.MAX_VALUE));
    corpus.put("made in 1970", with("iat", 0));
    corpus.put("not before tomorrow", with("nbf", now + 86_400));
    corpus.put("not before, as text", with("nbf", "x"));
    corpus.put("an older version", with("ver", 0));
    corpus.put("a later version", with("ver", 2));
    corpus.put("version as text", with("ver", "1"));
    corpus.put("an unknown device", with("did", "f".repeat(32)));
    corpus.put("a claim that is an object", with("x", Map.of("a", 1)));
    String text = HelmJson.write(claims());
    corpus.put("exp twice", signed(HEADER, text.replace("\"exp\":", "\"exp\":1,\"exp\":")));
    corpus.put("sub twice", signed(HEADER, text.replace("\"sub\":", "\"sub\":\"x\",\"sub\":")));
  }

  private static void forms(Map<String, String> corpus) {
    String good = good();
    String[] parts = good.split("\\.");
    String payload = HelmJson.write(claims());
    corpus.put("two parts", parts[0] + "." + parts[1]);
    corpus.put("no signature", parts[0] + "." + parts[1] + ".");
    corpus.put("a fourth part", good + ".x");
    corpus.put("an empty fourth part", good + ".");
    corpus.put("padding", good + "=");
    corpus.put("standard base64", good.replace('-', '+').replace('_', '/') + "+");
    corpus.put("other trailing bits", good.substring(0, good.length() - 1) + sibling(good));
    corpus.put(
        "header of another",
        part("{\"typ\":\"JWT\",\"alg\":\"none\"}") + "." + parts[1] + "." + parts[2]);
    corpus.put("payload of another", parts[0] + "." + part(payload) + "." + parts[2]);
    corpus.put("json with an end", signed(HEADER, payload + " {}"));
    corpus.put("json and rubbish", signed(HEADER, payload + "x"));
    corpus.put("payload a list", signed(HEADER, "[" + payload + "]"));
    corpus.put("payload empty", signed(HEADER, ""));
    corpus.put("header a list", signed("[" + HEADER + "]", payload));
    corpus.put("comment", signed(HEADER, "/**/" + payload));
    corpus.put("huge", with("x", "a".repeat(3_300)));
    corpus.put("deep", signed(HEADER, "[".repeat(900)));
    corpus.put("words", "not a token");
    corpus.put("dots", "..");
    corpus.put("one character", "a");
    corpus.put("twice", good + " " + good);
    corpus.put("comma", good + "," + good);
    corpus.put("a ticket", service.ticket());
    corpus.put("a service token that nobody made", "helm_" + "A".repeat(43));
    RunningService.Answer login = loggedIn();
    service.call(login.text("token"), "POST", "/api/auth/logout", null);
    corpus.put("logged out", login.text("token"));
  }

  private static RunningService.Answer loggedIn() {
    try {
      return service.login("owner", service.password());
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Another last character that stands for the same bytes. */
  private static char sibling(String base64) {
    String letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int last = letters.indexOf(base64.charAt(base64.length() - 1));
    return letters.charAt(last ^ 1);
  }

  @Test
  void aTokenInAnotherPlaceIsNone() {
    String good = good();
    for (String header : List.of("Basic " + good, good, "Bearer", "bearer  ", "Token " + good)) {
      assertThat(
              service
                  .send(service.request("/api/runs").header("Authorization", header).GET())
                  .status())
          .as(header)
          .isEqualTo(401);
    }
    assertThat(
            service
                .send(
                    service
                        .request("/api/runs")
                        .header("Authorization", "Bearer " + good)
                        .header("Authorization", "Bearer " + good)
                        .GET())
                .status())
        .isEqualTo(401);
    assertThat(service.send(service.request("/api/runs?token=" + good).GET()).status())
        .isEqualTo(401);
    assertThat(
            service
                .send(service.request("/api/runs").header("Cookie", "token=" + good).GET())
                .status())
        .isEqualTo(401);
  }

  @Test
  void oneOfFiftyUsesOfATicketWins() throws Exception {
    String ticket = service.ticket();
    Tokens tokens = service.tokens();
    List<Callable<Boolean>> uses = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      uses.add(() -> tokens.admit(ticket, Tokens.Purpose.STREAM) != null);
    }
    int won = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> use : threads.invokeAll(uses)) {
        won += use.get() ? 1 : 0;
      }
    }
    assertThat(won).isEqualTo(1);
  }

  @Test
  void aTicketIsForItsPurposeItsPathAndItsMinuteOnly() {
    Tokens tokens = service.tokens();
    String download =
        service
            .post("/api/auth/ticket", "{\"for\":\"download\",\"path\":\"/api/x\"}")
            .text("ticket");
    assertThat(tokens.admit(download, Tokens.Purpose.STREAM)).isNull();
    assertThat(tokens.admit(download, Tokens.Purpose.REFRESH)).isNull();
    assertThat(tokens.admit(service.token(), Tokens.Purpose.STREAM)).isNull();
    Tokens.Admitted admitted = tokens.admit(download, Tokens.Purpose.DOWNLOAD);
    assertThat(admitted).isNotNull();
    assertThat(java.util.Objects.requireNonNull(admitted).path()).isEqualTo("/api/x");
    String late = service.ticket();
    service.clock.forward(Duration.ofSeconds(61));
    assertThat(tokens.admit(late, Tokens.Purpose.STREAM)).isNull();
    RunningService.Answer login = loggedIn();
    String ended =
        service
            .call(login.text("token"), "POST", "/api/auth/ticket", "{\"for\":\"stream\"}")
            .text("ticket");
    service.call(login.text("token"), "POST", "/api/auth/logout", null);
    assertThat(tokens.admit(ended, Tokens.Purpose.STREAM)).as("of a session that ended").isNull();
  }
}
