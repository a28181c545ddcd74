package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.helm.api.Role;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Bodies about people: how they log in, what they log in with, and who may what. */
public final class PeopleBodies {
  private PeopleBodies() {}

  // ---- auth --------------------------------------------------------------------------------

  /** {@code POST /api/auth/login}. */
  public record LoginRequest(String username, String password, @Nullable String device) {
    @Override
    public String toString() {
      return "LoginRequest[username=" + username + ", password=[redacted]]";
    }
  }

  /** A JWT for 24 hours; {@code device}: id of the device that it is bound to, if any. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record LoginResponse(String token, String expiresAt, User user, @Nullable String device) {
    @Override
    public String toString() {
      return "LoginResponse[token=[redacted], expiresAt=" + expiresAt + ", user=" + user + "]";
    }
  }

  /** A person. */
  public record User(String id, String name) {}

  /** {@code POST /api/auth/ticket}: {@code for} is {@code stream} or {@code download}. */
  public record TicketRequest(@JsonProperty("for") String purpose, @Nullable String path) {}

  /** {@code POST /api/auth/password}: one's own. */
  public record ChangePassword(String password, String newPassword) {
    @Override
    public String toString() {
      return "ChangePassword[redacted]";
    }
  }

  /** {@code POST /api/auth/challenge}: the id of a paired device. */
  public record ChallengeRequest(String device) {}

  /** A text to be signed by a paired device, valid once within 60 s. */
  public record Challenge(String challenge, String expiresAt) {}

  /**
   * {@code POST /api/auth/refresh}. {@code signature}: base64 Ed25519 over the UTF-8 text {@code
   * helm-refresh-v1}, device, challenge, joined by newlines.
   */
  public record RefreshRequest(String device, String challenge, String signature) {}

  /** A single-use query token, valid 60 s. */
  public record TicketResponse(String ticket, String expiresAt) {}

  // ---- who may what ------------------------------------------------------------------------

  /** An answer with a secret that is shown once and kept nowhere. */
  public sealed interface ShownOnce {
    /** The same without its secret: what a repeated request gets. */
    ShownOnce withoutSecret();
  }

  /** A person with a role by project; project {@code *} is all of them. */
  public record Person(
      String id, String name, Map<String, Role> roles, boolean disabled, String createdAt) {
    public Person {
      roles = Map.copyOf(roles);
    }
  }

  /** {@code POST /api/users}. */
  public record NewPerson(String name, Map<String, Role> roles) {}

  /** A person and the one-time password, which is absent when the request is repeated. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record PersonMade(Person user, @Nullable String password) implements ShownOnce {
    @Override
    public PersonMade withoutSecret() {
      return new PersonMade(user, null);
    }

    @Override
    public String toString() {
      return "PersonMade[user=" + user + "]";
    }
  }

  /**
   * {@code PATCH /api/users/{id}}; what is absent stays. {@code roles}: by project, {@code none}
   * takes one away; projects that are not named keep theirs.
   */
  public record ChangePerson(@Nullable Map<String, String> roles, @Nullable Boolean disabled) {}

  /** A device that logged in; {@code paired}: it has a key and may refresh its token. */
  public record Device(
      String id,
      String name,
      User user,
      boolean paired,
      boolean current,
      String createdAt,
      String seenAt) {}

  /** {@code POST /api/devices}; {@code publicKey}: base64 of 32 bytes, Ed25519. */
  public record NewDevice(String name, String publicKey) {}

  /** A service token without its secret; {@code project} may be {@code *}. */
  public record ServiceToken(
      String id,
      String name,
      String project,
      Role role,
      String createdBy,
      String createdAt,
      String expiresAt) {}

  /** {@code POST /api/tokens}; {@code days}: 1 to 365, 90 if absent. */
  public record NewToken(String name, String project, Role role, @Nullable Integer days) {}

  /** A service token and its text, which is absent when the request is repeated. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record TokenMade(ServiceToken details, @Nullable String token) implements ShownOnce {
    @Override
    public TokenMade withoutSecret() {
      return new TokenMade(details, null);
    }

    @Override
    public String toString() {
      return "TokenMade[details=" + details + "]";
    }
  }
}
