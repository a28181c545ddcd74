package dev.helm.service.store;

import java.time.Instant;

/** Tokens that were taken back before they expired. */
public interface TokenStore {
  /** Takes a token back for good; a second time changes nothing. */
  void revoke(String jti, Instant expiresAt);

  /** Whether it was taken back; answered from memory. */
  boolean isRevoked(String jti);
}
