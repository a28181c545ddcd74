package dev.helm.service.auth;

import dev.helm.api.Role;
import dev.helm.service.store.Roles;
import dev.helm.service.store.UserStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The first start makes one person who may do everything. */
public final class FirstOwner {
  /** Login name of the first person. */
  public static final String NAME = "owner";

  private static final String FILE = "owner.credentials";

  private FirstOwner() {}

  /**
   * Makes the owner unless somebody is there already. The credentials file is on disk before the
   * owner exists: a start that dies in between makes a new password, never an owner whom nobody can
   * log in as.
   *
   * @return whether an owner was made
   */
  public static boolean ensure(Path home, UserStore users, Passwords passwords) throws IOException {
    if (!users.list().isEmpty()) {
      return false;
    }
    String password = Passwords.random();
    PrivateFiles.write(
        home.resolve(FILE),
        ("username: " + NAME + "\npassword: " + password + "\n").getBytes(StandardCharsets.UTF_8));
    return users.create(NAME, passwords.hash(password), null, Roles.of(Role.EVERYWHERE, Role.OWNER))
        != null;
  }

  /** The owner has another password: what the file says is no longer true, so it goes. */
  public static void forgetCredentials(Path home, String name) throws IOException {
    if (name.equals(NAME)) {
      Files.deleteIfExists(home.resolve(FILE));
    }
  }
}
