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

  /** A run that is over its limit may still write so much, as deleting needs some room. */
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

  /** The last look, or the first one ever. */
  synchronized Reading first() throws IOException {
    return lookedAt == 0 ? look(false) : last;
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
  synchronized Reading look(boolean whole) throws IOException {
    long began = System.nanoTime();
    if (!whole && lookedAt != 0 && began - lookedAt < FRESH_NANOS) {
      return last;
    }
    TreeUsage tree = TreeUsage.measure(box, whole || over != null ? unbounded() : limits);
    last = new Reading(tree, TreeUsage.space(host).freeBytes());
    over = verdict(last);
    if (over != null && !tree.complete() && !whole) {
      // The next command is judged by how much it adds to all of this.
      last = new Reading(TreeUsage.measure(box, unbounded()), last.hostFreeBytes());
    }
    lookedAt = System.nanoTime();
    tookNanos = lookedAt - began;
    return last;
  }

  private static WorkspaceLimits unbounded() {
    return new WorkspaceLimits(Long.MAX_VALUE, Long.MAX_VALUE, WorkspaceLimits.DEPTH_SEEN_MAX);
  }

  private @Nullable String verdict(Reading reading) {
    TreeUsage tree = reading.tree();
    if (tree.bytes() > limits.bytes()) {
      return told("it takes more than " + (limits.bytes() >> 20) + " MB", "(sandbox.diskMb)");
    }
    if (tree.files() > limits.files()) {
      return told("it holds more than " + limits.files() + " files", "(sandbox.diskFiles)");
    }
    if (tree.depth() > limits.depth()) {
      return told("it is deeper than " + limits.depth() + " directories", "");
    }
    if (tree.hidden() != null) {
      return told(
          "the directory " + tree.hidden() + " is locked, so nobody can tell; chmod it", "");
    }
    if (reading.hostFreeBytes() < WorkspaceLimits.HOST_FREE_FLOOR_BYTES) {
      return told(
          "only " + (reading.hostFreeBytes() >> 20) + " MB are left on the machine's disk", "");
    }
    return null;
  }

  private static String told(String what, String setting) {
    return "workspace over its limit: "
        + what
        + ". Delete files with Bash, or ask the operator for more "
        + setting;
  }

  /** Why a command has to end that found {@code before} and made {@code now} of it; or null. */
  synchronized @Nullable String grownBeyond(Reading before, Reading now) {
    String wrong = verdict(now);
    if (wrong == null) {
      return null;
    }
    // What was too large already may be made smaller, and for that be written a little.
    boolean grown =
        now.tree().bytes() > before.tree().bytes() + SLACK_BYTES
            || now.tree().files() > before.tree().files() + SLACK_FILES
            || now.tree().depth() > before.tree().depth()
            || (now.tree().hidden() != null && before.tree().hidden() == null);
    return grown ? wrong : null;
  }
}
