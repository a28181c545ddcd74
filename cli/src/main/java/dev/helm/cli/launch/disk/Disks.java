package dev.helm.cli.launch.disk;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Images with a file system each, {@code HELM_HOME/disks/<slot>.img}, mounted at {@code
 * HELM_HOME/boxes/<slot>}. Needs root. Both folders belong to root, so that nobody else can put a
 * link where something is mounted, or change a file system's raw bytes.
 */
public final class Disks {
  /** Most disks at once. */
  public static final int MAX = 80;

  /** Free space on the host's disk below which no disk is made; images are sparse. */
  public static final long FREE_FLOOR_BYTES = 1L << 30;

  private static final String OPTIONS =
      // setuid files and device nodes made by whoever writes there would be the host's problem.
      "loop,rw,nosuid,nodev,noatime,discard,noinit_itable,errors=remount-ro";
  private static final Pattern SLOT = Pattern.compile("[0-9a-f]{8}");
  private static final String IMAGE = ".img";
  private static final String MAKING = ".making-";
  private static final int BUSY_TRIES = 15;
  private static final int BUSY_PAUSE_MS = 200;
  private static final int UMOUNT_BUSY = 32;

  private final Path images;
  private final Path boxes;
  private final DiskSize size;
  private final int uid;
  private final int gid;
  private final long freeFloorBytes;

  /**
   * @param home HELM_HOME, which belongs to root and is sticky
   * @param uid who owns what is on a disk, never 0
   */
  public Disks(Path home, DiskSize size, int uid, int gid) {
    this(home, size, uid, gid, FREE_FLOOR_BYTES);
  }

  Disks(Path home, DiskSize size, int uid, int gid, long freeFloorBytes) {
    if (uid < 1 || gid < 1) {
      throw new IllegalArgumentException("a container's files never belong to root");
    }
    this.images = home.resolve("disks");
    this.boxes = home.resolve("boxes");
    this.size = size;
    this.uid = uid;
    this.gid = gid;
    this.freeFloorBytes = freeFloorBytes;
  }

  /**
   * Makes the two folders, takes over what a former life left, and tries whether this machine can
   * do it at all by making one disk.
   *
   * @return what could not be taken over, a line each
   * @throws IOException this machine cannot; nothing is left mounted of the try
   */
  public synchronized List<String> open() throws IOException {
    List<String> missing = Programs.missing();
    if (!missing.isEmpty()) {
      throw new DiskRefused("missing: " + String.join(", ", missing));
    }
    folder(images, "rwx------");
    folder(boxes, "rwxr-xr-x");
    List<String> troubles = adopt();
    String probe = "0".repeat(8);
    drop(probe);
    try {
      makeNow(probe);
    } finally {
      drop(probe);
    }
    return troubles;
  }

  /** A disk for a slot; nothing happens if it is there. */
  public synchronized void make(String slot) throws IOException {
    check(slot);
    if (!Files.exists(image(slot), LinkOption.NOFOLLOW_LINKS)) {
      room();
    }
    makeNow(slot);
  }

  /** Removes a slot's disk with its content; nothing happens if there is none. */
  public synchronized void drop(String slot) throws IOException {
    check(slot);
    unmount(slot, false);
    Files.deleteIfExists(image(slot));
    Files.deleteIfExists(box(slot));
  }

  /** Slots that have a disk. */
  public synchronized Set<String> list() throws IOException {
    Set<String> slots = new TreeSet<>();
    if (Files.isDirectory(images, LinkOption.NOFOLLOW_LINKS)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(images, "*" + IMAGE)) {
        for (Path file : files) {
          String name = String.valueOf(file.getFileName());
          String slot = name.substring(0, name.length() - IMAGE.length());
          if (SLOT.matcher(slot).matches()) {
            slots.add(slot);
          }
        }
      }
    }
    return slots;
  }

  /**
   * Unmounts all and removes those that hold nothing. What holds something is kept: it is the only
   * copy of a run's files until the service has brought them home.
   *
   * @return what is still in use, a line each
   */
  public synchronized List<String> close() throws IOException {
    List<String> troubles = new ArrayList<>();
    for (String slot : list()) {
      try {
        boolean empty = mounted(slot) && holdsNothing(box(slot));
        unmount(slot, true);
        if (empty) {
          drop(slot);
        }
      } catch (IOException e) {
        troubles.add(slot + ": " + e.getMessage());
      }
    }
    return troubles;
  }

  private void makeNow(String slot) throws IOException {
    if (mounted(slot)) {
      return;
    }
    Path image = image(slot);
    if (!Files.exists(image, LinkOption.NOFOLLOW_LINKS)) {
      format(slot, image);
    }
    mount(slot);
    // fsck's own folder is not the agent's; nobody needs it on a disk that lives for hours.
    Files.deleteIfExists(box(slot).resolve("lost+found"));
  }

  private void room() throws IOException {
    if (list().size() >= MAX) {
      throw new DiskRefused("there are " + MAX + " disks already; wait until a run ends");
    }
    long free = Files.getFileStore(images).getUsableSpace();
    if (free < freeFloorBytes) {
      throw new DiskRefused(
          "only %d MB are free on the disk of HELM_HOME, and a new container needs %d MB; free some"
              .formatted(free >> 20, freeFloorBytes >> 20));
    }
  }

  /** Under another name until it is whole, so that a crash leaves no half image. */
  private void format(String slot, Path image) throws IOException {
    Path making = images.resolve(MAKING + slot);
    Files.deleteIfExists(making);
    Files.createFile(
        making, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (RandomAccessFile file = new RandomAccessFile(making.toFile(), "rw")) {
      file.setLength(size.megabytes() << 20);
    }
    List<String> arguments = new ArrayList<>(List.of("-q", "-F", "-m", "0", "-b", "4096"));
    arguments.addAll(List.of("-N", "" + size.files(), "-J", "size=4", "-E"));
    arguments.add(
        "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=%d:%d".formatted(uid, gid));
    arguments.add(making.toString());
    Programs.Ended ended = Programs.run("mkfs.ext4", arguments);
    if (ended.code() != 0) {
      Files.deleteIfExists(making);
      throw new DiskRefused("mkfs.ext4 failed: " + ended.said());
    }
    Files.move(making, image, StandardCopyOption.ATOMIC_MOVE);
  }

  private void mount(String slot) throws IOException {
    Path box = box(slot);
    try {
      Files.createDirectory(
          box, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("---------")));
    } catch (FileAlreadyExistsException e) {
      requireOurs(box);
    }
    requireDetached(slot);
    List<String> arguments = List.of("-t", "ext4", "-o", OPTIONS, image(slot) + "", box.toString());
    Programs.Ended ended = Programs.run("mount", arguments);
    if (ended.code() != 0) {
      throw new DiskRefused("mount failed: " + ended.said());
    }
  }

  /** Two devices on one image would write over each other. */
  private void requireDetached(String slot) throws IOException {
    for (String device : attached(slot)) {
      Programs.Ended ended = Programs.run("losetup", List.of("-d", device));
      if (ended.code() != 0 || attached(slot).contains(device)) {
        throw new DiskRefused("the disk of slot " + slot + " is still attached to " + device);
      }
    }
  }

  private List<String> attached(String slot) throws IOException {
    Path image = image(slot);
    if (!Files.exists(image, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    Programs.Ended ended =
        Programs.run("losetup", List.of("-n", "-O", "NAME", "-j", image.toString()));
    return ended.said().isEmpty() ? List.of() : List.of(ended.said().split("\\s+"));
  }

  private void unmount(String slot, boolean atAnyPrice) throws IOException {
    Path box = box(slot);
    for (int tries = 0; mounted(slot); tries++) {
      Programs.Ended ended = Programs.run("umount", List.of(box.toString()));
      if (ended.code() == 0) {
        continue; // there may be two on top of each other
      }
      if (ended.code() != UMOUNT_BUSY || tries >= BUSY_TRIES) {
        if (!atAnyPrice) {
          throw new DiskRefused("the disk of slot " + slot + " is in use: " + ended.said());
        }
        Programs.run("umount", List.of("-l", box.toString()));
        return;
      }
      pause();
    }
    requireDetached(slot);
  }

  private static void pause() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(BUSY_PAUSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a disk was in use", e);
    }
  }

  /**
   * Mounts outlive the launcher: those are taken as they are; after a reboot they are made anew.
   */
  private List<String> adopt() throws IOException {
    List<String> troubles = new ArrayList<>();
    try (DirectoryStream<Path> halves = Files.newDirectoryStream(images, MAKING + "*")) {
      for (Path half : halves) {
        Files.delete(half);
      }
    }
    Set<String> known = list();
    for (String slot : known) {
      try {
        makeNow(slot);
      } catch (IOException e) {
        troubles.add("the disk of slot " + slot + " stays away: " + e.getMessage());
      }
    }
    try (DirectoryStream<Path> left = Files.newDirectoryStream(boxes)) {
      for (Path box : left) {
        String name = String.valueOf(box.getFileName());
        if (SLOT.matcher(name).matches() && !known.contains(name)) {
          drop(name);
        }
      }
    }
    return troubles;
  }

  private boolean mounted(String slot) throws IOException {
    Path real = boxes.toRealPath();
    return Mounts.within(real).contains(real.resolve(slot));
  }

  private static boolean holdsNothing(Path box) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(box)) {
      return !entries.iterator().hasNext();
    }
  }

  private Path image(String slot) {
    return images.resolve(slot + IMAGE);
  }

  private Path box(String slot) {
    return boxes.resolve(slot);
  }

  // A name with a slash or dots in it would be another place, and what is done there root does.
  private static void check(String slot) throws DiskRefused {
    if (!SLOT.matcher(slot).matches()) {
      throw new DiskRefused("a slot has 8 lower-case hex digits");
    }
  }

  private static void folder(Path path, String mode) throws IOException {
    try {
      Files.createDirectory(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      requireOurs(path);
    }
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  /** The service may add names to HELM_HOME: one that it made is not worked in. */
  private static void requireOurs(Path path) throws IOException {
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS) || !Owner.isRoot(path)) {
      throw new DiskRefused(path + " is not a folder that belongs to root; move it away");
    }
  }
}
