package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.TreeCopy;
import dev.helm.activities.workspace.TreeUsage;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Moves a workspace between the host's disk and a slot's own disk, which cannot be a rename. Two
 * marks in the slot's directory, which no container sees, tell after a crash which side is the
 * truth: {@code arriving} as long as home is, {@code left} as soon as the copy at home is whole.
 */
final class DiskMoves {
  private static final String ARRIVING = "arriving";
  private static final String LEFT = "left";
  private static final String HOME = "workspace";
  private static final System.Logger LOG = System.getLogger(DiskMoves.class.getName());

  private final Workspaces places;
  private final WorkspaceLimits limits;
  private final int owner;

  /**
   * @param owner who gets the copies, -1 for this process's own user
   */
  DiskMoves(Workspaces places, WorkspaceLimits limits, int owner) {
    this.places = places;
    this.limits = limits;
    this.owner = owner;
  }

  /** Copies a run's workspace into a slot; also finishes what a crash cut short. */
  void in(String run, String slot) throws IOException {
    Path home = places.home(run);
    Path to = places.inSlot(slot);
    if (!marked(slot, ARRIVING)) {
      if (Workspaces.isDirectory(to)) {
        Files.deleteIfExists(home);
        return;
      }
      if (Workspaces.holdsSomething(places.box(slot))) {
        throw new IOException("slot " + slot + " holds something else than its run's workspace");
      }
      if (!Workspaces.holdsSomething(home)) {
        places.directory(to);
        places.own(to);
        Files.deleteIfExists(home);
        return;
      }
      mark(slot, ARRIVING);
    }
    if (Workspaces.isDirectory(home)) {
      Trees.delete(to, places.box(slot));
      places.directory(to);
      places.own(to);
      fits(home, slot, TreeCopy.run(home, to, null, everything(), owner));
      Trees.delete(home, places.workspaces());
    }
    unmark(slot, ARRIVING);
  }

  /** What came in is taken from home, so nothing but what has no content may be missing. */
  private static void fits(Path home, String slot, TreeCopy.Report report) throws IOException {
    if (report.beyond() > 0) {
      throw new WorkspaceException(
          WorkspaceException.Reason.TOO_LARGE,
          "the workspace "
              + home.getFileName()
              + " is too large or too deep for slot "
              + slot
              + ": "
              + report.notes());
    }
  }

  /** Brings a workspace home from a slot whose container is gone. */
  void home(String run, String slot) throws IOException {
    Path home = places.home(run);
    Path coming = places.workspaces().resolve(".home-" + run);
    if (!marked(slot, LEFT)) {
      if (!marked(slot, ARRIVING) || !Workspaces.isDirectory(home)) {
        copyHome(run, slot, coming);
      }
      // From here on the slot's tree is no longer the truth.
      mark(slot, LEFT);
    }
    if (Workspaces.isDirectory(coming)) {
      Files.move(coming, home, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } else {
      places.create(run);
    }
  }

  private void copyHome(String run, String slot, Path coming) throws IOException {
    Path box = places.box(slot);
    if (!Workspaces.isDirectory(box)) {
      return; // the disk is gone, and it goes only after its content has left
    }
    places.mounted(slot);
    if (Workspaces.holdsSomething(places.home(run))) {
      throw new IOException(
          "run " + run + " has two workspaces, at home and in slot " + slot + "; move one away");
    }
    Workspaces.open(box);
    boolean whole = Workspaces.isDirectory(places.inSlot(slot));
    Path from = whole ? places.inSlot(slot) : box;
    Workspaces.open(from);
    TreeCopy.Report report = copy(from, coming, null, ofDisk(box));
    tell(run, report);
    if (whole) {
      keepBeside(slot, report);
    }
  }

  /** The half of a copy would only keep the disk full. */
  private TreeCopy.Report copy(Path from, Path coming, @Nullable String skip, WorkspaceLimits most)
      throws IOException {
    fresh(coming);
    try {
      return TreeCopy.run(from, coming, skip, most, owner);
    } catch (WorkspaceException e) {
      Trees.delete(coming, places.workspaces());
      throw e;
    }
  }

  /** Keeps all that lies in a slot which nothing else accounts for. */
  void rescue(String slot) throws IOException {
    Path box = places.box(slot);
    if (!marked(slot, LEFT) && Workspaces.isDirectory(box)) {
      places.mounted(slot);
      Workspaces.open(box);
      Path found = found(slot);
      if (!Workspaces.isDirectory(found) && Workspaces.holdsSomething(box)) {
        keep(slot, null, ofDisk(box));
      }
    }
  }

  // An agent leaves another full disk beside its workspace in each container that it gets.
  private void keepBeside(String slot, TreeCopy.Report workspace) throws IOException {
    if (Workspaces.isDirectory(found(slot)) || !Workspaces.holdsMoreThan(places.box(slot), HOME)) {
      return;
    }
    long bytes = Math.min(limits.bytes() - workspace.bytes(), places.roomBytes());
    long files = limits.files() - workspace.entries();
    if (bytes < 1 || files < 1) {
      places.notKept(slot);
      return;
    }
    try {
      keep(slot, HOME, new WorkspaceLimits(bytes, files, limits.depth()));
    } catch (WorkspaceException e) {
      places.notKept(slot);
    }
  }

  private void keep(String slot, @Nullable String skip, WorkspaceLimits most) throws IOException {
    Path coming = places.workspaces().resolve(".found-" + slot);
    tell("found-" + slot, copy(places.box(slot), coming, skip, most));
    Files.move(coming, found(slot), StandardCopyOption.ATOMIC_MOVE);
  }

  private Path found(String slot) {
    return places.workspaces().resolve("found-" + slot);
  }

  /** Copies that never ended and that no slot needs any more. */
  List<Path> leftovers() throws IOException {
    List<Path> left = new ArrayList<>();
    Set<String> slots = places.slotDirectories();
    boolean comingHome = slots.stream().anyMatch(slot -> marked(slot, LEFT));
    try (DirectoryStream<Path> halves =
        Files.newDirectoryStream(places.workspaces(), ".{home,found}-*")) {
      for (Path half : halves) {
        String name = String.valueOf(half.getFileName());
        boolean needed =
            name.startsWith(".home-")
                ? comingHome
                : slots.contains(name.substring(".found-".length()));
        if (!needed) {
          left.add(half);
        }
      }
    }
    return left;
  }

  private void fresh(Path directory) throws IOException {
    Trees.delete(directory, places.workspaces());
    places.directory(directory);
    places.own(directory);
  }

  /** What was left out is written down beside the workspace, where no agent can change it. */
  private void tell(String name, TreeCopy.Report report) throws IOException {
    if (report.beyond() + report.special() > 0) {
      String text =
          "Left out when the workspace came home: %d beyond a limit, %d sockets, FIFOs or devices.%n"
                  .formatted(report.beyond(), report.special())
              + String.join("\n", report.notes())
              + "\n";
      Files.writeString(places.workspaces().resolve(name + ".left-out.txt"), text);
      LOG.log(System.Logger.Level.WARNING, "workspace " + name + ": " + text);
    }
  }

  /** No disk holds more than itself, but for names: one file may have many. */
  private WorkspaceLimits ofDisk(Path box) throws IOException {
    TreeUsage.DiskSpace space = TreeUsage.space(box);
    return new WorkspaceLimits(
        Math.max(space.bytes(), limits.bytes()),
        Math.max(space.files(), limits.files()),
        limits.depth());
  }

  private static WorkspaceLimits everything() {
    return new WorkspaceLimits(Long.MAX_VALUE, Long.MAX_VALUE, WorkspaceLimits.DEFAULT.depth() * 2);
  }

  private boolean marked(String slot, String mark) {
    return Files.exists(places.slot(slot).resolve(mark), LinkOption.NOFOLLOW_LINKS);
  }

  private void mark(String slot, String mark) throws IOException {
    Path file = places.slot(slot).resolve(mark);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    sync(places.slot(slot));
  }

  private void unmark(String slot, String mark) throws IOException {
    Files.deleteIfExists(places.slot(slot).resolve(mark));
  }

  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
