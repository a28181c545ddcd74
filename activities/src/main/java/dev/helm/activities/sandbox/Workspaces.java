package dev.helm.activities.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * Where workspaces and slots lie on the host, and how a workspace moves between them. Every move is
 * one rename, so that a workspace is always at one of its two places, whole.
 */
public final class Workspaces {
  private final Path workspaces;
  private final Path slots;
  private final int ownerUid;

  /**
   * @param home HELM_HOME
   * @param ownerUid who owns workspaces; another than the service's own only where that is root
   */
  public Workspaces(Path home, int ownerUid) {
    this.workspaces = home.resolve("workspaces");
    this.slots = home.resolve("slots");
    this.ownerUid = ownerUid;
    int service = serviceUid();
    if (ownerUid == 0 || (service != 0 && service != ownerUid)) {
      throw new IllegalArgumentException(
          "workspaces must be owned by the service's own user, or by a named one if that is root");
    }
    try {
      directory(workspaces);
      directory(slots);
    } catch (IOException e) {
      throw new UncheckedIOException("HELM_HOME cannot be written: " + home, e);
    }
  }

  /** The uid of this process. */
  public static int serviceUid() {
    try {
      return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    } catch (IOException e) {
      throw new UncheckedIOException("/proc is not mounted", e);
    }
  }

  /** The service's own uid, or {@link SandboxSettings#UID_WHEN_ROOT} if that is root. */
  public static int defaultOwnerUid() {
    int uid = serviceUid();
    return uid == 0 ? SandboxSettings.UID_WHEN_ROOT : uid;
  }

  /** Where a run's workspace lies while no slot holds it. */
  public Path home(String run) {
    return workspaces.resolve(Ids.run(run));
  }

  /** Makes an empty workspace, or finds the one at home. */
  public Path create(String run) {
    Path path = home(run);
    try {
      directory(path);
      own(path);
    } catch (IOException e) {
      throw new UncheckedIOException("workspace cannot be made: " + path, e);
    }
    return path;
  }

  /** Removes a workspace that lies at home. */
  public void delete(String run) throws IOException {
    Trees.delete(home(run), workspaces);
  }

  Path box(String slot) {
    return slots.resolve(Ids.slot(slot)).resolve("box");
  }

  Path sockets(String slot) {
    return slots.resolve(Ids.slot(slot)).resolve("sock");
  }

  Path inSlot(String slot) {
    return box(slot).resolve("workspace");
  }

  /** Makes a slot's directories. */
  void makeSlot(String slot, byte[] trustBundle) throws IOException {
    directory(slots.resolve(Ids.slot(slot)));
    for (Path path : List.of(box(slot), sockets(slot))) {
      directory(path);
      own(path);
    }
    Path bundle = sockets(slot).resolve("ca.pem");
    Files.write(bundle, trustBundle);
    Files.setPosixFilePermissions(bundle, PosixFilePermissions.fromString("r--r--r--"));
  }

  /** Removes a slot's directories; only once its container is gone. */
  void removeSlot(String slot) throws IOException {
    Trees.delete(slots.resolve(Ids.slot(slot)), workspaces);
  }

  /** All slots that have a directory. */
  List<String> slotDirectories() throws IOException {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(slots)) {
      for (Path entry : entries) {
        String name = String.valueOf(entry.getFileName());
        if (Ids.isSlot(name)) {
          found.add(name);
        }
      }
    }
    return found;
  }

  /**
   * Moves a run's workspace into a slot; also finishes a move that a crash cut short.
   *
   * @throws IOException also if the container put something else where the workspace belongs
   */
  void moveIn(String run, String slot) throws IOException {
    open(box(slot));
    Path to = inSlot(slot);
    if (isDirectory(to)) {
      Files.deleteIfExists(home(run));
      return;
    }
    if (holdsSomething(box(slot))) {
      throw new IOException("slot " + slot + " holds something else than its run's workspace");
    }
    Path from = create(run);
    if (serviceUid() == 0) {
      Trees.own(from, ownerUid);
    }
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Takes a run's workspace home from a slot whose container is gone. The container could rename
   * things in its box: without a workspace there the box itself goes home, and what lies beside a
   * workspace is kept as {@code found-<slot>}, so that no file of the run is ever lost.
   */
  void moveHome(String run, String slot) throws IOException {
    takeHome(run, slot);
    rescue(slot);
  }

  private void takeHome(String run, String slot) throws IOException {
    open(box(slot));
    boolean whole = isDirectory(inSlot(slot));
    Path from = whole ? inSlot(slot) : box(slot);
    // A crash after the rename leaves the workspace at home, and here only what lay beside it.
    if (!whole && (holdsSomething(home(run)) || !holdsSomething(from))) {
      create(run);
      return;
    }
    if (holdsSomething(home(run))) {
      throw new IOException(
          "run " + run + " has two workspaces, at home and in slot " + slot + "; move one away");
    }
    // A directory without its owner's write bit cannot be moved to another parent.
    open(from);
    Files.move(
        from, home(run), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Keeps what lies in a slot that nothing else accounts for. */
  void rescue(String slot) throws IOException {
    open(box(slot));
    if (holdsSomething(box(slot))) {
      Path to = workspaces.resolve("found-" + slot);
      Files.move(box(slot), to, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** The container owns its box and may have locked it, which would hide what is there. */
  private static void open(Path directory) throws IOException {
    if (isDirectory(directory)) {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private static boolean holdsSomething(Path directory) throws IOException {
    if (!isDirectory(directory)) {
      return false;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      return entries.iterator().hasNext();
    }
  }

  private static boolean isDirectory(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  private static void directory(Path path) throws IOException {
    if (!isDirectory(path)) {
      Files.createDirectories(path);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private void own(Path path) throws IOException {
    if (serviceUid() == 0) {
      Files.setAttribute(path, "unix:uid", ownerUid, LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", ownerUid, LinkOption.NOFOLLOW_LINKS);
    }
  }
}
