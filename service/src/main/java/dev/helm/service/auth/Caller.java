package dev.helm.service.auth;

import dev.helm.service.store.Access;
import java.security.Principal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The person behind a request, as the token proves.
 *
 * @param userId id of the user
 * @param name what people read
 * @param access what the person may see
 * @param device what the person called the device at login, if anything
 * @param tokenId the token's {@code jti}, which logout takes back
 * @param expiresAt end of the token
 */
public record Caller(
    String userId,
    String name,
    Access access,
    @Nullable String device,
    String tokenId,
    Instant expiresAt)
    implements Principal {
  @Override
  public String getName() {
    return name;
  }
}
