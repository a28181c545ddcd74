package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The file with the model key. Nothing here reads the key itself. */
public final class KeyFile {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");
  private static final int MAX_KEY_BYTES = 8192;

  private KeyFile() {}

  /** What the launcher found. */
  public sealed interface State {
    /** No file: the practice model stands in. */
    record Absent() implements State {}

    /** Usable. */
    record Usable(Path path) implements State {}

    /** Refused; says why and what to do. */
    record Refused(String why, String repair) implements State {}
  }

  /**
   * Looks at the file without opening it: it must be a regular file that is no link, with mode 600
   * (or 400), owned by one of these users.
   *
   * @param owners numeric users: the launcher's, and the key proxy's where that is another
   */
  public static State check(Path path, Set<Integer> owners) {
    Seen seen;
    try {
      seen = look(path);
    } catch (NoSuchFileException e) {
      return new State.Absent();
    } catch (IOException e) {
      return new State.Refused(
          "The model key file %s cannot be looked at: %s".formatted(path, e.getMessage()),
          "Make it readable for the user that starts Helm.");
    }
    if (!seen.regular()) {
      return new State.Refused(
          "The model key file %s is no regular file.".formatted(path),
          "Put the key itself there: helm key set < FILE");
    }
    int mode = seen.mode();
    if (mode != 0600 && mode != 0400) {
      return new State.Refused(
          "The model key file %s has mode %o, so others may read it.".formatted(path, mode),
          "Close it: chmod 600 " + path);
    }
    int uid = seen.uid();
    if (!owners.contains(uid)) {
      return new State.Refused(
          "The model key file %s belongs to user %d, not to the user that may own it."
              .formatted(path, uid),
          "Give it to its owner: chown %s %s"
              .formatted(
                  owners.stream().sorted().map(String::valueOf).collect(Collectors.joining(" or ")),
                  path));
    }
    if (seen.bytes() == 0 || seen.bytes() > MAX_KEY_BYTES) {
      return new State.Refused(
          "The model key file %s is empty or longer than %d bytes.".formatted(path, MAX_KEY_BYTES),
          "Put the key there: helm key set < FILE");
    }
    return new State.Usable(path);
  }

  private record Seen(boolean regular, int mode, int uid, long bytes) {}

  private static Seen look(Path path) throws IOException {
    var basic = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    int mode = number(path, "unix:mode") & 07777;
    return new Seen(basic.isRegularFile(), mode, number(path, "unix:uid"), basic.size());
  }

  private static int number(Path path, String attribute) throws IOException {
    Object value = Files.getAttribute(path, attribute, LinkOption.NOFOLLOW_LINKS);
    if (value instanceof Integer number) {
      return number;
    }
    throw new IOException("no " + attribute + " on this file system");
  }

  /**
   * Puts a key there, mode 600, owned by whoever calls: where that is root, no other user of this
   * machine can open it, the key proxy's neither.
   */
  public static void store(Path path, byte[] key) throws IOException {
    if (key.length == 0 || key.length > MAX_KEY_BYTES) {
      throw new IOException("a model key has 1 to " + MAX_KEY_BYTES + " bytes");
    }
    @Nullable Path folder = path.getParent();
    if (folder == null) {
      throw new IOException("the key file has no folder: " + path);
    }
    Path fresh =
        Files.createTempFile(folder, ".key", "", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    try {
      Files.write(fresh, key);
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }
}
