package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A local user and its main group, by number.
 *
 * @param name as in the user list
 * @param uid numeric user
 * @param gid numeric main group
 */
public record Account(String name, int uid, int gid) {
  private static final int FIELD_UID = 2;
  private static final int FIELD_GID = 3;

  /** Looks a user up in the local files. */
  public static Optional<Account> find(String name) {
    try {
      for (String line : Files.readAllLines(Path.of("/etc/passwd"))) {
        String[] fields = line.split(":", -1);
        if (fields.length > FIELD_GID && fields[0].equals(name)) {
          int uid = Integer.parseInt(fields[FIELD_UID]);
          return Optional.of(new Account(name, uid, Integer.parseInt(fields[FIELD_GID])));
        }
      }
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
    return Optional.empty();
  }

  /** The user that this process runs as; -1 where the system has no such numbers. */
  public static int ownUid() {
    return uidOf(Path.of("/proc", Long.toString(ProcessHandle.current().pid())))
        .orElseGet(() -> homeOwner().orElse(-1));
  }

  /** The owner of a file, without following a link. */
  public static OptionalInt uidOf(Path path) {
    return number(path, "unix:uid");
  }

  /** The group of a file, without following a link. */
  public static OptionalInt gidOf(Path path) {
    return number(path, "unix:gid");
  }

  private static OptionalInt homeOwner() {
    return uidOf(Path.of(System.getProperty("user.home", "/")));
  }

  private static OptionalInt number(Path path, String attribute) {
    try {
      Object value = Files.getAttribute(path, attribute, java.nio.file.LinkOption.NOFOLLOW_LINKS);
      return value instanceof Integer number ? OptionalInt.of(number) : OptionalInt.empty();
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return OptionalInt.empty();
    }
  }
}
