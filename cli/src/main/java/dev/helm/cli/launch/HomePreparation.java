package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes HELM_HOME with its folders and modes.
 *
 * <p>Started by a user: everything is that user's, mode 700. Started as root: the folders that
 * several users share belong to root and the group {@code helm-key}, which only {@code helm} and
 * {@code helm-key} have, with the sticky bit (mode 1770): the service can add its files there and
 * cannot replace the launcher's state, the jars or the model key. In {@code run} and {@code keys}
 * new files get that group, so that the key proxy reaches the ledger's socket and secret.
 */
final class HomePreparation {
  private static final long MIN_FREE_BYTES = 300L << 20;
  private static final int SHARED = 01770;
  private static final int SHARED_WITH_GROUP = 03770;
  private static final int PRIVATE = 0700;
  private static final int READABLE = 0755;
  private static final int PASSABLE = 0711;

  private HomePreparation() {}

  /** Makes what is missing and sets every mode anew; {@code users} is null for a user's own. */
  static void prepare(HelmHome home, @Nullable SystemUsers users) throws LaunchException {
    try {
      Path parent = home.root().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      folder(home.root(), users == null ? PRIVATE : SHARED, users);
      folder(home.run(), users == null ? PRIVATE : SHARED_WITH_GROUP, users);
      folder(home.keys(), users == null ? PRIVATE : SHARED_WITH_GROUP, users);
      folder(home.logs(), PRIVATE, null);
      folder(home.app(), READABLE, null);
      folder(home.engine(), PASSABLE, null);
      ledgerSecret(home.ledgerSecret(), users);
    } catch (IOException e) {
      throw new LaunchException(
          "HELM_HOME %s cannot be prepared: %s".formatted(home.root(), e),
          "Give it to the user that starts Helm, or name another with --home.");
    }
    checkSpace(home.root());
  }

  private static void folder(Path path, int mode, @Nullable SystemUsers users) throws IOException {
    try {
      Files.createDirectory(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(path + " is no folder", e);
      }
    }
    if (Account.ownUid() == 0) {
      int group = users == null ? 0 : users.helmKey().gid();
      Files.setAttribute(path, "unix:uid", 0, LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", group, LinkOption.NOFOLLOW_LINKS);
    }
    Files.setAttribute(path, "unix:mode", mode);
  }

  private static void ledgerSecret(Path path, @Nullable SystemUsers users) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      byte[] random = new byte[32];
      new SecureRandom().nextBytes(random);
      Files.createFile(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(path, HexFormat.of().formatHex(random));
    }
    if (users != null) {
      // Owned by root, so that neither side can change what the other reads.
      Files.setAttribute(path, "unix:uid", 0, LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", users.helmKey().gid(), LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:mode", 0640);
    } else {
      Files.setAttribute(path, "unix:mode", 0600);
    }
  }

  private static void checkSpace(Path root) throws LaunchException {
    try {
      FileStore store = Files.getFileStore(root);
      if (store.getUsableSpace() < MIN_FREE_BYTES) {
        throw new LaunchException(
            "Only %d MB are free on the disk of %s, and Helm needs %d MB to start."
                .formatted(store.getUsableSpace() >> 20, root, MIN_FREE_BYTES >> 20),
            "Free some space, or name another HELM_HOME with --home.");
      }
    } catch (IOException e) {
      throw new LaunchException(
          "The disk of " + root + " cannot be looked at: " + e.getMessage(), "Check the disk.");
    }
  }

  /** The folders above HELM_HOME that another user could not pass; empty when all can. */
  static List<Path> closedAbove(Path root) {
    List<Path> closed = new ArrayList<>();
    for (Path path = root.getParent(); path != null; path = path.getParent()) {
      try {
        if (((Integer) Files.getAttribute(path, "unix:mode") & 0001) == 0) {
          closed.add(path);
        }
      } catch (IOException e) {
        continue; // made later by the preparation
      }
    }
    return closed;
  }
}
