package dev.helm.service.auth;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Set;
import java.util.TreeSet;

/**
 * The one form in which Helm writes a JWT. What differs in a single byte is refused before its
 * signature is looked at, so that the library never meets an odd one.
 */
final class StrictJwt {
  /** Longer texts are no tokens of ours and are not parsed. */
  private static final int CHARS_MAX = 4096;

  private static final JsonMapper JSON =
      JsonMapper.builder(
              com.fasterxml.jackson.core.JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(2)
                          .maxNumberLength(20)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final Set<String> TEXTS = Set.of("aud", "iss", "jti", "sub");
  private static final Set<String> NUMBERS = Set.of("exp", "iat", "ver");

  private StrictJwt() {}

  /** Whether this is a JWT of ours in form: our header, our claims, each once and of its kind. */
  static boolean hasForm(String text, String type) {
    // Attack: two texts for one token (other base64 of the same bytes, a fourth part, blanks).
    String[] parts = text.length() > CHARS_MAX ? new String[0] : text.split("\\.", -1);
    if (parts.length != 3) {
      return false;
    }
    try {
      JsonNode header = part(parts[0]);
      JsonNode claims = part(parts[1]);
      bytes(parts[2]);
      // Attack: alg none, another algorithm, kid, jku, x5u, jwk, crit, zip in the header.
      return header.size() == 2
          && header.path("alg").asText().equals("HS256")
          && header.path("typ").asText().equals(type)
          && claimsAreOurs(claims);
    } catch (IllegalArgumentException | JsonProcessingException | CharacterCodingException e) {
      return false;
    }
  }

  private static boolean claimsAreOurs(JsonNode claims) {
    Set<String> missing = new TreeSet<>(TEXTS);
    missing.addAll(NUMBERS);
    for (var claim : claims.properties()) {
      missing.remove(claim.getKey());
      // Attack: a claim whose kind two readers understand differently ("exp":"9e9", "aud":[…]).
      boolean good =
          NUMBERS.contains(claim.getKey())
              ? claim.getValue().isIntegralNumber() && claim.getValue().canConvertToLong()
              : claim.getValue().isTextual() || claim.getKey().equals("sexp");
      if (!good) {
        return false;
      }
    }
    return missing.isEmpty();
  }

  /** Attack: the same claim twice, of which one reader takes the first and another the last. */
  private static JsonNode part(String base64)
      throws JsonProcessingException, CharacterCodingException {
    String json =
        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(base64))).toString();
    JsonNode object = JSON.readTree(json);
    if (object == null || !object.isObject()) {
      throw new IllegalArgumentException("no object");
    }
    return object;
  }

  private static byte[] bytes(String base64) {
    byte[] bytes = Base64.getUrlDecoder().decode(base64);
    if (!Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(base64)) {
      throw new IllegalArgumentException("not the one base64 of these bytes");
    }
    return bytes;
  }
}
