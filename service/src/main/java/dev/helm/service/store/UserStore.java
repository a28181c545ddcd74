package dev.helm.service.store;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** People who may log in. Nobody is deleted or renamed: a name in the log stays one person's. */
public interface UserStore {
  /** Adds a person unless the name is taken; null when it is. */
  @Nullable User create(String name, String passwordHash, @Nullable Long onceUntilMs, Roles roles);

  /** By login name, exact. */
  @Nullable User byName(String name);

  /** By id. */
  @Nullable User byId(String id);

  /**
   * Changes a person as the function says, with nobody in between; id and name stay. Where all
   * sessions end, the keys of the person's devices go too: each has to be paired again.
   *
   * @return the person after the change, or null for an unknown id
   * @throws LastOwnerException when nobody would be left who may do everything
   */
  @Nullable User change(String id, UnaryOperator<User> change);

  /** Everybody, by name; at most 10,000. */
  List<User> list();

  /** Remembers that the person logged in from this address; the last 32 are kept. */
  void loggedIn(String id, String address);

  /** Whether the person logged in from this address within the last 30 days. */
  boolean knows(String id, String address);

  /**
   * A person.
   *
   * @param id 32 lower-case hex digits
   * @param passwordHash an Argon2id string; never printed
   * @param onceUntilMs until when a one-time password may be used, which has to be changed at once;
   *     null for a password of the person's own
   * @param version counts up whenever all sessions of the person end
   */
  record User(
      String id,
      String name,
      String passwordHash,
      @Nullable Long onceUntilMs,
      int version,
      boolean disabled,
      Roles roles,
      String createdAt) {
    /** With another password, which ends all sessions. */
    public User withPassword(String hash, @Nullable Long newOnceUntilMs) {
      return new User(id, name, hash, newOnceUntilMs, version + 1, disabled, roles, createdAt);
    }

    /** Let in or not; being shut out ends all sessions. */
    public User withDisabled(boolean out) {
      int next = out && !disabled ? version + 1 : version;
      return new User(id, name, passwordHash, onceUntilMs, next, out, roles, createdAt);
    }

    /** With other roles. */
    public User withRoles(Roles other) {
      return new User(id, name, passwordHash, onceUntilMs, version, disabled, other, createdAt);
    }

    @Override
    public String toString() {
      return "User[id=" + id + ", name=" + name + "]";
    }
  }

  /** Somebody has to be left who may do everything. */
  final class LastOwnerException extends RuntimeException {
    private static final long serialVersionUID = 1;

    LastOwnerException() {
      super("nobody would be left who is an owner of all projects");
    }
  }
}
