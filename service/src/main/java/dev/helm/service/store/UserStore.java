package dev.helm.service.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** People who may log in. */
public interface UserStore {
  /** Adds a person unless the name is taken; null when it is. */
  @Nullable User create(String name, String passwordHash);

  /** By login name, exact. */
  @Nullable User byName(String name);

  /** By id. */
  @Nullable User byId(String id);

  /** Replaces the password's hash; false for an unknown id. */
  boolean setPasswordHash(String id, String passwordHash);

  /** Everybody, by name. */
  List<User> list();

  /**
   * A person.
   *
   * @param id 32 lower-case hex digits
   * @param passwordHash an Argon2id string; never printed
   */
  record User(String id, String name, String passwordHash, String createdAt) {
    @Override
    public String toString() {
      return "User[id=" + id + ", name=" + name + "]";
    }
  }
}
