package dev.helm.service.auth;

import dev.helm.api.Role;
import dev.helm.service.store.Access;
import dev.helm.service.store.Roles;
import java.security.Principal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Who is behind a request, as the token proves. Read anew with each request, so that a role that
 * was taken away is gone at once.
 *
 * @param kind a person or a program
 * @param userId id of the user or of the service token
 * @param name what people read; {@code token:NAME} for a program
 * @param roles what the caller may do where
 * @param deviceId id of the device that the token is bound to, if any
 * @param device name of that device
 * @param tokenId the token's {@code jti}, which logout takes back; a service token's id
 * @param version the person's version when the token was made
 * @param passwordIsOnce whether the password was given by somebody else and has to be changed first
 * @param expiresAt end of the token
 */
public record Caller(
    Kind kind,
    String userId,
    String name,
    Roles roles,
    @Nullable String deviceId,
    @Nullable String device,
    String tokenId,
    int version,
    boolean passwordIsOnce,
    Instant expiresAt)
    implements Principal {
  /** Who calls. */
  public enum Kind {
    PERSON,
    PROGRAM
  }

  /** What the caller may see. */
  public Access access() {
    return roles.access(userId);
  }

  /** The projects in which the caller has this role or a greater one. */
  public Access access(Role least) {
    return roles.access(userId, least);
  }

  @Override
  public String getName() {
    return name;
  }
}
