package dev.helm.service.store;

import dev.helm.api.Role;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tokens of programs. Names are given once, so that a name in the log stays one token's. */
public interface ServiceTokenStore {
  /** Most tokens that are neither revoked nor expired. */
  int TOKENS_MAX = 1_000;

  /**
   * Keeps a token by its hash unless the name was given before; null when it was.
   *
   * @throws TooManyException when there are {@link #TOKENS_MAX}
   */
  @Nullable ServiceToken create(
      String name, String sha256, String project, Role role, String createdBy, Instant expiresAt);

  /** One that is neither revoked nor expired, by the hash of its text; null otherwise. */
  @Nullable ServiceToken byHash(String sha256);

  /** One that is neither revoked nor expired, or null. */
  @Nullable ServiceToken find(String id);

  /** Those that are neither revoked nor expired, in the projects of the access, by name. */
  List<ServiceToken> list(Access access);

  /** Takes a token back for good. */
  void revoke(String id);

  /** A token without its text. */
  record ServiceToken(
      String id,
      String name,
      String project,
      Role role,
      String createdBy,
      String createdAt,
      long expiresMs) {}

  /** There are too many tokens. */
  final class TooManyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooManyException() {
      super("at most " + TOKENS_MAX + " service tokens");
    }
  }
}
