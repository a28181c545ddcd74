package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.Disks;
import dev.helm.activities.workspace.TreeUsage;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Where workspaces and slots lie on the host, and how a workspace moves between them. Where a slot
 * has no disk of its own every move is one rename, so that a workspace is always at one of its two
 * places, whole; for those with one see {@link DiskMoves}.
 */
public final class Workspaces {
  private static final System.Logger LOG = System.getLogger(Workspaces.class.getName());

  private final Path workspaces;
  private final Path slots;
  private final Path disksAt;
  private final int ownerUid;
  private final @Nullable Disks disks;
  private final WorkspaceLimits limits;
  private final DiskMoves moves;

  /** Workspaces in plain directories, which are watched but not bounded. */
  public Workspaces(Path home, int ownerUid) {
    this(home, ownerUid, null, WorkspaceLimits.DEFAULT);
  }

  /**
   * @param home HELM_HOME
   * @param ownerUid who owns workspaces; another than the service's own only where that is root
   * @param disks gives each slot a disk of its own; null for plain directories
   * @param limits how large a workspace may become
   */
  public Workspaces(Path home, int ownerUid, @Nullable Disks disks, WorkspaceLimits limits) {
    this.workspaces = home.resolve("workspaces");
    this.slots = home.resolve("slots");
    this.disksAt = home.resolve("boxes");
    this.ownerUid = ownerUid;
    this.disks = disks;
    this.limits = limits;
    this.moves = new DiskMoves(this, limits, serviceUid() == 0 ? ownerUid : -1);
    int service = serviceUid();
    if (ownerUid == 0 || (service != 0 && service != ownerUid)) {
      throw new IllegalArgumentException(
          "workspaces must be owned by the service's own user, or by a named one if that is root");
    }
    try {
      directory(workspaces);
      directory(slots);
      sweep();
    } catch (IOException e) {
      throw new UncheckedIOException("HELM_HOME cannot be written: " + home, e);
    }
  }

  /** What a crash left half deleted is nobody's any more. */
  private void sweep() throws IOException {
    try (DirectoryStream<Path> trash = Files.newDirectoryStream(workspaces, ".trash-*")) {
      for (Path tree : trash) {
        try {
          Trees.delete(tree, workspaces);
        } catch (IOException e) {
          LOG.log(System.Logger.Level.WARNING, tree + " stays for now", e);
        }
      }
    }
    for (Path left : moves.leftovers()) {
      LOG.log(
          System.Logger.Level.WARNING,
          left + " is a copy that never ended and that no slot needs; look into it and delete it");
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

  /** The files of a run's workspace while no slot holds it. */
  WorkspaceFiles filesAtHome(String run) {
    return WorkspaceFiles.at(home(run));
  }

  /** The files of the workspace in a slot. */
  WorkspaceFiles filesInSlot(String slot) {
    return WorkspaceFiles.at(inSlot(slot));
  }

  /**
   * The files of a run's workspace where it is now.
   *
   * @param held the slot that has it; its workspace leaves it before its last traces are gone
   * @param moving the slot into which it is moved: home is the truth until it is gone at once
   */
  WorkspaceFiles files(String run, @Nullable String held, @Nullable String moving) {
    if (held != null && isDirectory(inSlot(held))) {
      return filesInSlot(held);
    }
    return held == null && moving != null && !isDirectory(home(run)) && isDirectory(inSlot(moving))
        ? filesInSlot(moving)
        : filesAtHome(run);
  }

  WorkspaceLimits limits() {
    return limits;
  }

  Path workspaces() {
    return workspaces;
  }

  /** Where a run's workspace lies while no slot holds it. */
  Path home(String run) {
    return workspaces.resolve(Ids.run(run));
  }

  /** Makes an empty workspace, or finds the one at home. */
  Path create(String run) {
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

  /** Deletes a tree that a container wrote and that nobody writes any more. */
  public static void discard(Path tree) throws IOException {
    Trees.delete(tree, java.util.Objects.requireNonNull(tree.getParent()));
  }

  Path slot(String slot) {
    return slots.resolve(Ids.slot(slot));
  }

  /** What the container sees as {@code /slot}: the slot's own disk, if it has one. */
  Path box(String slot) {
    Path disk = disksAt.resolve(Ids.slot(slot));
    return isDirectory(disk) ? disk : slot(slot).resolve("box");
  }

  /** Whether the kernel bounds what this slot's container can write. */
  boolean onDisk(String slot) {
    return isDirectory(disksAt.resolve(Ids.slot(slot)));
  }

  Path sockets(String slot) {
    return slot(slot).resolve("sock");
  }

  Path inSlot(String slot) {
    return box(slot).resolve("workspace");
  }

  /**
   * Makes a slot's directories, and its disk.
   *
   * @throws SandboxRefused the disk was refused
   */
  void makeSlot(String slot, byte[] trustBundle) throws IOException {
    directory(slot(slot));
    if (disks != null) {
      makeDisk(disks, slot);
    }
    makeMounts(slot, trustBundle);
  }

  /**
   * Makes the directories of a slot that writes nothing to a disk.
   *
   * @param files what its container reads at {@link BoxSpec#FILES}
   */
  void makeBox(String slot, byte[] trustBundle, Map<String, byte[]> files) throws IOException {
    directory(slot(slot));
    makeMounts(slot, trustBundle);
    Path root = sockets(slot).resolve("files");
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = root.resolve(file.getKey());
      for (Path parent = path.getParent();
          parent != null && parent.startsWith(root);
          parent = parent.getParent()) {
        Files.createDirectories(parent);
        Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
      Files.write(path, file.getValue());
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r-xr-xr-x"));
    }
  }

  private void makeMounts(String slot, byte[] trustBundle) throws IOException {
    for (Path path : List.of(box(slot), sockets(slot))) {
      directory(path);
      own(path);
    }
    Path bundle = sockets(slot).resolve("ca.pem");
    Files.write(bundle, trustBundle);
    Files.setPosixFilePermissions(bundle, PosixFilePermissions.fromString("r--r--r--"));
  }

  private void makeDisk(Disks maker, String slot) {
    try {
      maker.make(slot);
    } catch (WorkspaceException e) {
      throw new SandboxRefused("disk", String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new EngineUnavailable("the launcher makes no disk now: " + e.getMessage(), e);
    }
  }

  /** Removes a slot's directories and disk; only once its container is gone. */
  void removeSlot(String slot) throws IOException {
    // The marks beside the disk say whether its content is at home: they go last.
    if (disks != null) {
      drop(disks, slot);
    } else if (onDisk(slot)) {
      throw new IOException(
          "slot " + slot + " has a disk, which only a launcher that is root can remove");
    }
    Trees.delete(slot(slot), workspaces);
  }

  /** Also where none is seen: one that was asked for in vain may be on its way. */
  private void drop(Disks maker, String slot) throws IOException {
    try {
      maker.drop(slot);
    } catch (IOException e) {
      if (onDisk(slot)) {
        throw e;
      }
      LOG.log(System.Logger.Level.WARNING, "slot " + slot + " had no disk to remove: " + e);
    }
  }

  /**
   * Makes sure that a slot's disk is there: its empty folder must not be taken for a workspace.
   *
   * @throws IOException it is not, and nobody mounts it now
   */
  void mounted(String slot) throws IOException {
    Path disk = disksAt.resolve(Ids.slot(slot));
    if (!isDirectory(disk)
        || !Files.getAttribute(disk, "unix:dev").equals(Files.getAttribute(disksAt, "unix:dev"))) {
      return;
    }
    if (disks == null) {
      throw new IOException(
          "the disk of slot " + slot + " is not mounted; start Helm with a launcher that is root");
    }
    disks.make(slot);
  }

  /** All slots that have a directory or a disk. */
  Set<String> slotDirectories() throws IOException {
    Set<String> found = new TreeSet<>();
    for (Path parent : List.of(slots, disksAt)) {
      if (!isDirectory(parent)) {
        continue;
      }
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent)) {
        for (Path entry : entries) {
          String name = String.valueOf(entry.getFileName());
          if (Ids.isSlot(name)) {
            found.add(name);
          }
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
    mounted(slot);
    open(box(slot));
    if (onDisk(slot)) {
      moves.in(run, slot);
      return;
    }
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
    // A kill may have left it at home as the run had locked it.
    open(from);
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Takes a run's workspace home from a slot whose container is gone. The container could rename
   * things in its box: without a workspace there the box itself goes home, and what lies beside a
   * workspace is kept as {@code found-<slot>}, so that no file of the run is ever lost.
   */
  void moveHome(String run, String slot) throws IOException {
    if (onDisk(slot)) {
      moves.home(run, slot);
      return;
    }
    takeHome(run, slot);
    // Each container may leave as much as a workspace beside its own.
    if (roomBytes() > 0) {
      rescue(slot);
    } else if (holdsSomething(box(slot))) {
      notKept(slot);
    }
  }

  /** What may be kept beside workspaces until the host's disk is nearly full, in bytes. */
  long roomBytes() throws IOException {
    return TreeUsage.space(workspaces).freeBytes() - WorkspaceLimits.HOST_FREE_FLOOR_BYTES;
  }

  /** Says where a person would look for it that what lay beside a workspace is gone. */
  void notKept(String slot) {
    String text =
        "What lay beside the workspace in slot "
            + slot
            + " was not kept: the run is at its limit, or the machine's disk is nearly full.\n";
    LOG.log(System.Logger.Level.WARNING, text);
    try {
      Files.writeString(workspaces.resolve("found-" + slot + ".left-out.txt"), text);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "that could not be written down either", e);
    }
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
    if (onDisk(slot)) {
      moves.rescue(slot);
      return;
    }
    open(box(slot));
    if (holdsSomething(box(slot))) {
      Path to = workspaces.resolve("found-" + slot);
      Files.move(box(slot), to, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** The container owns its box and may have locked it, which would hide what is there. */
  static void open(Path directory) throws IOException {
    // What is open stays as it is: after an error a disk can only be read, and still comes home.
    if (isDirectory(directory)
        && !Files.getPosixFilePermissions(directory, LinkOption.NOFOLLOW_LINKS)
            .containsAll(PosixFilePermissions.fromString("rwx------"))) {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }
  }

  static boolean holdsSomething(Path directory) throws IOException {
    return holdsMoreThan(directory, null);
  }

  /** Whether a directory holds an entry of another name. */
  static boolean holdsMoreThan(Path directory, @Nullable String name) throws IOException {
    if (!isDirectory(directory)) {
      return false;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (!String.valueOf(entry.getFileName()).equals(name)) {
          return true;
        }
      }
      return false;
    }
  }

  static boolean isDirectory(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  void directory(Path path) throws IOException {
    if (!isDirectory(path)) {
      Files.createDirectories(path);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
    }
  }

  void own(Path path) throws IOException {
    if (serviceUid() == 0) {
      Files.setAttribute(path, "unix:uid", ownerUid, LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", ownerUid, LinkOption.NOFOLLOW_LINKS);
    }
  }
}
