package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.TreeUsage;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What one slot's files take, as last seen. */
final class SlotUsage {
  private static final long FRESH_NANOS = 150_000_000;
  private static final long LONGEST_PAUSE_NANOS = 10_000_000_000L;

  /** A look may take a twentieth of the time at most, or a third where the disk fills fast. */
  private static final int CALM_PAUSE = 20;

  private static final int ALARMED_PAUSE = 3;

  /** Over its limit a run may still write so much in all, as deleting needs some room. */
  private static final long SLACK_BYTES = 16L << 20;

  private static final long SLACK_FILES = 1_000;

  private final Path box;
  private final Path host;
  private final WorkspaceLimits limits;
  private final boolean onDisk;
  private Reading last = new Reading(TreeUsage.NONE, Long.MAX_VALUE);
  private long lookedAt;
  private long tookNanos;
  private @Nullable String over;
  private boolean crossed;
  private @Nullable TreeUsage cap;

  /**
   * @param host a directory on the disk that all share
   * @param onDisk whether the slot has a disk of its own, which bounds bytes better than we do
   */
  SlotUsage(Path box, Path host, WorkspaceLimits limits, boolean onDisk) {
    this.box = box;
    this.host = host;
    this.limits =
        onDisk ? new WorkspaceLimits(Long.MAX_VALUE, limits.files(), limits.depth()) : limits;
    this.onDisk = onDisk;
  }

  /** What was seen: the tree, and the bytes that were free on the host's disk. */
  record Reading(TreeUsage tree, long hostFreeBytes) {}

  /** Looks once before the first command is judged: what came with the run is not its doing. */
  synchronized void first() throws IOException {
    if (lookedAt == 0) {
      look(false);
      crossed = false;
    }
  }

  /** Why tools may not write now, or null. */
  synchronized @Nullable String over() {
    return over;
  }

  /** Whether it is time to look again, by what a look costs and how fast the disk fills. */
  synchronized boolean due() throws IOException {
    long since = System.nanoTime() - lookedAt;
    long calm = Math.min(LONGEST_PAUSE_NANOS, CALM_PAUSE * tookNanos);
    if (lookedAt == 0 || since >= calm) {
      return true;
    }
    long filled = last.hostFreeBytes() - TreeUsage.space(host).freeBytes();
    long room = onDisk ? Long.MAX_VALUE : limits.bytes() - last.tree().bytes();
    return filled > Math.max(SLACK_BYTES, room / 2) && since >= ALARMED_PAUSE * tookNanos;
  }

  /**
   * Measures, unless that was done a moment ago.
   *
   * @param whole to the end, also beyond the limit
   */
  synchronized void look(boolean whole) throws IOException {
    long began = System.nanoTime();
    crossed = false;
    if (!whole && lookedAt != 0 && began - lookedAt < FRESH_NANOS) {
      return;
    }
    // Beyond the limit all of it is measured: what comes on top is judged by that.
    TreeUsage tree = TreeUsage.measure(box, whole || over != null ? unbounded() : limits);
    if (!tree.complete()) {
      tree = TreeUsage.measure(box, unbounded());
    }
    last = new Reading(tree, TreeUsage.space(host).freeBytes());
    over = verdict(last);
    if (over == null) {
      cap = null;
    } else {
      crossed = cap == null && tooLarge(tree) != null;
      cap = lower(cap, tree);
    }
    lookedAt = System.nanoTime();
    tookNanos = lookedAt - began;
  }

  /** The cap follows what is deleted and never what is added. */
  private static TreeUsage lower(@Nullable TreeUsage cap, TreeUsage now) {
    long bytes = now.bytes() + SLACK_BYTES;
    long files = now.files() + SLACK_FILES;
    return cap == null
        ? new TreeUsage(bytes, files, now.depth(), null, true)
        : new TreeUsage(
            Math.min(cap.bytes(), bytes),
            Math.min(cap.files(), files),
            Math.min(cap.depth(), now.depth()),
            null,
            true);
  }

  /** A command that went over was ended, and what it still wrote until then counts as there. */
  synchronized void settle() throws IOException {
    cap = null;
    look(true);
    crossed = false;
  }

  /** Why a command that runs now has to end, or null. */
  synchronized @Nullable String end() {
    TreeUsage most = cap;
    if (over == null || most == null) {
      return null;
    }
    TreeUsage now = last.tree();
    boolean beyond =
        now.bytes() > most.bytes() || now.files() > most.files() || now.depth() > most.depth();
    // What cannot be looked into could grow without end.
    return crossed || beyond || now.hidden() != null ? over : null;
  }

  /** Whether the last look was the one that saw the limit passed. */
  synchronized boolean crossed() {
    return crossed;
  }

  private static WorkspaceLimits unbounded() {
    return new WorkspaceLimits(Long.MAX_VALUE, Long.MAX_VALUE, WorkspaceLimits.DEPTH_SEEN_MAX);
  }

  private @Nullable String verdict(Reading reading) {
    String own = tooLarge(reading.tree());
    if (own != null) {
      return own;
    }
    return reading.hostFreeBytes() < WorkspaceLimits.HOST_FREE_FLOOR_BYTES
        ? told("only " + (reading.hostFreeBytes() >> 20) + " MB are left on the machine's disk", "")
        : null;
  }

  private @Nullable String tooLarge(TreeUsage tree) {
    if (tree.bytes() > limits.bytes()) {
      return told("it takes more than " + (limits.bytes() >> 20) + " MB", " (sandbox.diskMb)");
    }
    if (tree.files() > limits.files()) {
      return told("it holds more than " + limits.files() + " files", " (sandbox.diskFiles)");
    }
    if (tree.depth() > limits.depth()) {
      return told("it is deeper than " + limits.depth() + " directories", "");
    }
    return tree.hidden() == null
        ? null
        : told("nobody can look into the directory " + tree.hidden() + "; chmod it first", "");
  }

  private static String told(String what, String setting) {
    return "workspace over its limit: "
        + what
        + ". Delete files with Bash, or ask the operator for more"
        + setting;
  }
}
