package dev.helm.service.ledger;

import dev.helm.workflows.decide.Shortage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A call that the key proxy wants to forward.
 *
 * @param id 32 hex digits, made by the proxy
 * @param token the per-run token
 * @param call name of the call, for the log
 * @param bodyBytes length of the request's body
 * @param images images that the body holds
 * @param prefixes hashes of the body's beginnings, in ascending order; the last one is of all of it
 */
public record Reserve(
    String id,
    String token,
    @Nullable String call,
    String model,
    long maxTokens,
    long bodyBytes,
    int images,
    List<Prefix> prefixes) {

  private static final int PREFIXES_MAX = 64;
  private static final int IMAGES_MAX = 1_000;
  private static final long BODY_BYTES_MAX = 64L << 20;
  private static final long MAX_TOKENS_MAX = 10_000_000;

  /** The body up to a message's end. */
  public record Prefix(String sha256, long bytes) {}

  public Reserve {
    prefixes = List.copyOf(prefixes);
    Ledger.checkId(id);
    require(model.length() <= 200, "a model's name has at most 200 characters");
    require(token.length() <= 300, "a token has at most 300 characters");
    require(call == null || call.length() <= 200, "a call's name has at most 200 characters");
    require(maxTokens >= 0 && maxTokens <= MAX_TOKENS_MAX, "maxTokens is 0 to " + MAX_TOKENS_MAX);
    require(bodyBytes >= 1 && bodyBytes <= BODY_BYTES_MAX, "bodyBytes is 1 to " + BODY_BYTES_MAX);
    require(images >= 0 && images <= IMAGES_MAX, "at most " + IMAGES_MAX + " images");
    require(prefixes.size() <= PREFIXES_MAX, "at most " + PREFIXES_MAX + " prefixes");
    long before = 0;
    for (Prefix prefix : prefixes) {
      require(
          prefix.bytes() >= before && prefix.bytes() <= bodyBytes,
          "prefixes ascend and end within the body");
      require(prefix.sha256().matches("[0-9a-f]{64}"), "a prefix has a SHA-256");
      before = prefix.bytes();
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** The answer. */
  public sealed interface Answer {
    /** The money is held; the call may go out. */
    record Granted(String run) implements Answer {}

    /**
     * The call may not go out.
     *
     * @param status HTTP status for the client
     * @param affordableTokens for {@code budget_exhausted}: the most output that would still fit
     * @param shortage for {@code budget_exhausted}: under which cap
     */
    record Refused(
        int status,
        String code,
        String message,
        @Nullable Long affordableTokens,
        @Nullable Shortage shortage)
        implements Answer {}
  }

  @Override
  public String toString() {
    return "Reserve[id=" + id + ", model=" + model + ", maxTokens=" + maxTokens + "]";
  }
}
