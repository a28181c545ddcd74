package dev.helm.service.auth;

import com.auth0.jwt.JWT;
import com.auth0.jwt.JWTCreator;
import com.auth0.jwt.algorithms.Algorithm;
import com.auth0.jwt.exceptions.JWTVerificationException;
import com.auth0.jwt.interfaces.DecodedJWT;
import com.auth0.jwt.interfaces.JWTVerifier;
import dev.helm.api.Sha256;
import dev.helm.service.store.DeviceStore;
import dev.helm.service.store.Roles;
import dev.helm.service.store.ServiceTokenStore;
import dev.helm.service.store.TicketStore;
import dev.helm.service.store.TokenStore;
import dev.helm.service.store.UserStore;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Session tokens and tickets: JWT, HS256 and nothing else, every claim required. A ticket has its
 * own type and audience, so that neither is ever taken for the other. A service token is no JWT:
 * 256 random bits, looked up by their hash.
 */
public final class Tokens {
  /** How long a session token is good. */
  public static final Duration SESSION = Duration.ofHours(24);

  /** How long a ticket is good. */
  public static final Duration TICKET = Duration.ofSeconds(60);

  private static final String ISSUER = "helm";
  private static final String SESSION_AUDIENCE = "helm-api";
  private static final String SESSION_TYPE = "JWT";
  private static final String TICKET_AUDIENCE = "helm-ticket-";
  private static final String TICKET_TYPE = "helm-ticket+jwt";
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Algorithm algorithm;
  private final Clock clock;
  private final UserStore users;
  private final DeviceStore devices;
  private final ServiceTokenStore services;
  private final TokenStore revoked;
  private final TicketStore used;

  /** With the key of {@link JwtKey}, and the stores that outlive a restart. */
  public Tokens(
      byte[] key,
      Clock clock,
      UserStore users,
      DeviceStore devices,
      ServiceTokenStore services,
      TokenStore revoked,
      TicketStore used) {
    this.algorithm = Algorithm.HMAC256(key);
    this.clock = clock;
    this.users = users;
    this.devices = devices;
    this.services = services;
    this.revoked = revoked;
    this.used = used;
  }

  /** What a ticket opens. */
  public enum Purpose {
    STREAM,
    DOWNLOAD,
    /** The challenge that a paired device signs. */
    REFRESH;

    private String audience() {
      return TICKET_AUDIENCE + name().toLowerCase(Locale.ROOT);
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

  /** A session token for a person, bound to a device if there is one. */
  public Signed session(UserStore.User user, DeviceStore.@Nullable Device device) {
    Instant now = clock.instant();
    Instant end = now.plus(SESSION);
    JWTCreator.Builder token = builder(SESSION_TYPE, SESSION_AUDIENCE, user.id(), now, end);
    token.withClaim("ver", user.version());
    if (device != null) {
      token.withClaim("did", device.id());
    }
    return new Signed(token.sign(algorithm), seconds(end));
  }

  /** Who is behind a session token or a service token, or null. */
  public @Nullable Caller caller(String token) {
    if (ServiceTokenText.hasForm(token)) {
      ServiceTokenStore.ServiceToken found = services.byHash(Sha256.hex(token));
      return found == null ? null : program(found);
    }
    DecodedJWT jwt = verified(token, SESSION_TYPE, SESSION_AUDIENCE, SESSION);
    return jwt == null
        ? null
        : person(
            jwt.getSubject(),
            jwt.getClaim("ver").asInt(),
            jwt.getClaim("did").asString(),
            jwt.getId(),
            jwt.getExpiresAtAsInstant());
  }

  private static Caller program(ServiceTokenStore.ServiceToken token) {
    return new Caller(
        Caller.Kind.PROGRAM,
        token.id(),
        ServiceTokenText.NAME_PREFIX + token.name(),
        Roles.of(token.project(), token.role()),
        null,
        null,
        token.id(),
        0,
        false,
        Instant.ofEpochMilli(token.expiresMs()));
  }

  /** The person of a session that has not ended, with today's roles. */
  private @Nullable Caller person(
      String id, int version, @Nullable String deviceId, String session, Instant end) {
    if (revoked.isRevoked(session) || !clock.instant().isBefore(end)) {
      return null;
    }
    UserStore.User user = users.byId(id);
    // Attack: a stolen token is used after its owner changed the password or was shut out.
    if (user == null || user.disabled() || user.version() != version) {
      return null;
    }
    DeviceStore.Device device = deviceId == null ? null : devices.find(deviceId);
    // Attack: a lost phone goes on after it was revoked.
    if (deviceId != null && (device == null || !device.person().equals(id))) {
      return null;
    }
    return new Caller(
        Caller.Kind.PERSON,
        id,
        user.name(),
        user.onceUntilMs() == null ? user.roles() : Roles.NONE,
        deviceId,
        device == null ? null : device.name(),
        session,
        version,
        user.onceUntilMs() != null,
        end);
  }

  /** Takes a session back for good: the person logs out. */
  public void revoke(Caller caller) {
    switch (caller.kind()) {
      case PERSON -> revoked.revoke(caller.tokenId(), caller.expiresAt());
      case PROGRAM -> services.revoke(caller.tokenId());
    }
  }

  /** The caller as of now, with today's roles; null when the session has ended since. */
  public @Nullable Caller again(Caller caller) {
    return switch (caller.kind()) {
      case PERSON ->
          person(
              caller.userId(),
              caller.version(),
              caller.deviceId(),
              caller.tokenId(),
              caller.expiresAt());
      case PROGRAM -> {
        ServiceTokenStore.ServiceToken token = services.find(caller.tokenId());
        yield token == null ? null : program(token);
      }
    };
  }

  /** A ticket bound to the caller's session, good once within a minute. */
  public Signed ticket(Caller caller, Purpose purpose, @Nullable String path) {
    Instant now = clock.instant();
    Instant end = now.plus(TICKET);
    JWTCreator.Builder ticket = builder(TICKET_TYPE, purpose.audience(), caller.userId(), now, end);
    ticket.withClaim("kind", caller.kind().name());
    ticket.withClaim("ver", caller.version());
    ticket.withClaim("sid", caller.tokenId());
    ticket.withClaim("sexp", caller.expiresAt().getEpochSecond());
    if (caller.deviceId() != null) {
      ticket.withClaim("did", caller.deviceId());
    }
    if (path != null) {
      ticket.withClaim("path", path);
    }
    return new Signed(ticket.sign(algorithm), seconds(end));
  }

  /** Uses a ticket up. Null when it is wrong, old, used, or its session has ended. */
  public @Nullable Admitted admit(String text, Purpose purpose) {
    DecodedJWT jwt = verified(text, TICKET_TYPE, purpose.audience(), TICKET);
    String session = jwt == null ? null : jwt.getClaim("sid").asString();
    Long sessionEnd = jwt == null ? null : jwt.getClaim("sexp").asLong();
    String kind = jwt == null ? null : jwt.getClaim("kind").asString();
    if (jwt == null || session == null || sessionEnd == null || kind == null) {
      return null;
    }
    Caller bound =
        new Caller(
            Caller.Kind.valueOf(kind),
            jwt.getSubject(),
            "",
            Roles.NONE,
            jwt.getClaim("did").asString(),
            null,
            session,
            jwt.getClaim("ver").asInt(),
            false,
            Instant.ofEpochSecond(sessionEnd));
    Caller caller = again(bound);
    // Attack: a ticket from a log or a Referer is used a second time, or by two at once.
    if (caller == null || !used.use(jwt.getId(), jwt.getExpiresAtAsInstant())) {
      return null;
    }
    return new Admitted(caller, jwt.getClaim("path").asString());
  }

  /** A text that the device is to sign, whether or not there is such a device. */
  public Signed challenge(String device) {
    Instant now = clock.instant();
    Instant end = now.plus(TICKET);
    JWTCreator.Builder text =
        builder(TICKET_TYPE, Purpose.REFRESH.audience(), device, now, end).withClaim("ver", 0);
    return new Signed(text.sign(algorithm), seconds(end));
  }

  /** Uses a challenge up; false when it is wrong, old, used or another device's. */
  public boolean answered(String challenge, String device) {
    DecodedJWT jwt = verified(challenge, TICKET_TYPE, Purpose.REFRESH.audience(), TICKET);
    return jwt != null
        && jwt.getSubject().equals(device)
        && used.use(jwt.getId(), jwt.getExpiresAtAsInstant());
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
    if (!StrictJwt.hasForm(text, type)) {
      return null;
    }
    try {
      DecodedJWT jwt = verifier(audience).verify(text);
      // Attack: a token that is good for ever, made with a key that was read once.
      Duration life = Duration.between(jwt.getIssuedAtAsInstant(), jwt.getExpiresAtAsInstant());
      return life.compareTo(longest) <= 0 && !life.isNegative() ? jwt : null;
    } catch (JWTVerificationException | IllegalArgumentException | ArithmeticException e) {
      return null;
    }
  }

  private JWTVerifier verifier(String audience) {
    com.auth0.jwt.JWTVerifier.BaseVerification verification =
        (com.auth0.jwt.JWTVerifier.BaseVerification)
            JWT.require(algorithm).withIssuer(ISSUER).withAudience(audience);
    return verification.build(clock);
  }

  private static Instant seconds(Instant instant) {
    return Instant.ofEpochSecond(instant.getEpochSecond());
  }
}
