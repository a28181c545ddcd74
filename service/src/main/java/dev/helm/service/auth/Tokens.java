package dev.helm.service.auth;

import com.auth0.jwt.JWT;
import com.auth0.jwt.JWTCreator;
import com.auth0.jwt.algorithms.Algorithm;
import com.auth0.jwt.exceptions.JWTVerificationException;
import com.auth0.jwt.interfaces.DecodedJWT;
import com.auth0.jwt.interfaces.JWTVerifier;
import dev.helm.service.store.TicketStore;
import dev.helm.service.store.TokenStore;
import dev.helm.service.store.UserStore;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Session tokens and tickets: JWT, HS256 and nothing else, every claim required. A ticket has its
 * own type and audience, so that neither is ever taken for the other.
 */
public final class Tokens {
  /** How long a session token is good. */
  public static final Duration SESSION = Duration.ofHours(24);

  /** How long a ticket is good. */
  public static final Duration TICKET = Duration.ofSeconds(60);

  /** Longer texts are no tokens of ours and are not parsed. */
  private static final int CHARS_MAX = 4096;

  private static final String ISSUER = "helm";
  private static final String SESSION_AUDIENCE = "helm-api";
  private static final String SESSION_TYPE = "JWT";
  private static final String TICKET_AUDIENCE = "helm-ticket-";
  private static final String TICKET_TYPE = "helm-ticket+jwt";
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Algorithm algorithm;
  private final Clock clock;
  private final UserStore users;
  private final Grants grants;
  private final TokenStore revoked;
  private final TicketStore used;

  /** With the key of {@link JwtKey}, the stores that outlive a restart, and who sees what. */
  public Tokens(
      byte[] key,
      Clock clock,
      UserStore users,
      Grants grants,
      TokenStore revoked,
      TicketStore used) {
    this.algorithm = Algorithm.HMAC256(key);
    this.clock = clock;
    this.users = users;
    this.grants = grants;
    this.revoked = revoked;
    this.used = used;
  }

  /** What a ticket opens. */
  public enum Purpose {
    STREAM,
    DOWNLOAD;

    private String audience() {
      return TICKET_AUDIENCE + name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** A signed text and when it ends. */
  public record Signed(String text, Instant expiresAt) {
    @Override
    public String toString() {
      return "Signed[expiresAt=" + expiresAt + "]";
    }
  }

  /** Somebody who is let in by a ticket; {@code path} for downloads. */
  public record Admitted(Caller caller, @Nullable String path) {}

  /** A session token for a person. */
  public Signed session(UserStore.User user, @Nullable String device) {
    Instant now = clock.instant();
    Instant end = now.plus(SESSION);
    JWTCreator.Builder token = builder(SESSION_TYPE, SESSION_AUDIENCE, user.id(), now, end);
    if (device != null) {
      token.withClaim("dev", device);
    }
    return new Signed(token.sign(algorithm), seconds(end));
  }

  /** The person whose session token this is, or null. */
  public @Nullable Caller caller(String token) {
    DecodedJWT jwt = verified(token, SESSION_TYPE, SESSION_AUDIENCE, SESSION);
    if (jwt == null || revoked.isRevoked(jwt.getId())) {
      return null;
    }
    UserStore.User user = users.byId(jwt.getSubject());
    if (user == null) {
      return null;
    }
    return new Caller(
        user.id(),
        user.name(),
        grants.of(user),
        jwt.getClaim("dev").asString(),
        jwt.getId(),
        jwt.getExpiresAtAsInstant());
  }

  /** Takes a session token back for good. */
  public void revoke(Caller caller) {
    revoked.revoke(caller.tokenId(), caller.expiresAt());
  }

  /** Whether the caller's session has ended since: taken back, expired, or the person is gone. */
  public boolean ended(Caller caller) {
    return revoked.isRevoked(caller.tokenId()) || !clock.instant().isBefore(caller.expiresAt());
  }

  /** A ticket bound to the caller's session, good once within a minute. */
  public Signed ticket(Caller caller, Purpose purpose, @Nullable String path) {
    Instant now = clock.instant();
    Instant end = now.plus(TICKET);
    JWTCreator.Builder ticket = builder(TICKET_TYPE, purpose.audience(), caller.userId(), now, end);
    ticket.withClaim("sid", caller.tokenId());
    ticket.withClaim("sexp", caller.expiresAt().getEpochSecond());
    if (caller.device() != null) {
      ticket.withClaim("dev", caller.device());
    }
    if (path != null) {
      ticket.withClaim("path", path);
    }
    return new Signed(ticket.sign(algorithm), seconds(end));
  }

  /** Uses a ticket up. Null when it is wrong, old, used, or its session has ended. */
  public @Nullable Admitted admit(String text, Purpose purpose) {
    DecodedJWT jwt = verified(text, TICKET_TYPE, purpose.audience(), TICKET);
    if (jwt == null) {
      return null;
    }
    String session = jwt.getClaim("sid").asString();
    Long sessionEnd = jwt.getClaim("sexp").asLong();
    UserStore.User user = users.byId(jwt.getSubject());
    if (user == null || session == null || sessionEnd == null || revoked.isRevoked(session)) {
      return null;
    }
    if (!used.use(jwt.getId(), jwt.getExpiresAtAsInstant())) {
      return null;
    }
    Caller caller =
        new Caller(
            user.id(),
            user.name(),
            grants.of(user),
            jwt.getClaim("dev").asString(),
            session,
            Instant.ofEpochSecond(sessionEnd));
    return new Admitted(caller, jwt.getClaim("path").asString());
  }

  private static JWTCreator.Builder builder(
      String type, String audience, String subject, Instant now, Instant end) {
    byte[] id = new byte[16];
    RANDOM.nextBytes(id);
    return JWT.create()
        .withHeader(Map.of("typ", type))
        .withIssuer(ISSUER)
        .withAudience(audience)
        .withSubject(subject)
        .withIssuedAt(now)
        .withExpiresAt(end)
        .withJWTId(HexFormat.of().formatHex(id));
  }

  private @Nullable DecodedJWT verified(
      String text, String type, String audience, Duration longest) {
    if (text.length() > CHARS_MAX) {
      return null;
    }
    try {
      DecodedJWT jwt = verifier(audience).verify(text);
      // A claim may be there and be null, which "presence" lets through.
      boolean ours =
          type.equals(jwt.getType())
              && jwt.getId() != null
              && jwt.getSubject() != null
              && jwt.getIssuedAtAsInstant() != null
              && jwt.getExpiresAtAsInstant() != null
              && jwt.getAudience().size() == 1
              && !Duration.between(jwt.getIssuedAtAsInstant(), jwt.getExpiresAtAsInstant())
                  .minus(longest)
                  .isPositive();
      return ours ? jwt : null;
    } catch (JWTVerificationException | IllegalArgumentException e) {
      return null;
    }
  }

  private JWTVerifier verifier(String audience) {
    com.auth0.jwt.JWTVerifier.BaseVerification verification =
        (com.auth0.jwt.JWTVerifier.BaseVerification)
            JWT.require(algorithm)
                .withIssuer(ISSUER)
                .withAudience(audience)
                .withClaimPresence("sub")
                .withClaimPresence("jti")
                .withClaimPresence("iat")
                .withClaimPresence("exp");
    return verification.build(clock);
  }

  private static Instant seconds(Instant instant) {
    return Instant.ofEpochSecond(instant.getEpochSecond());
  }
}
