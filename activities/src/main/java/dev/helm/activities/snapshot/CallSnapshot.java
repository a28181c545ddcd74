package dev.helm.activities.snapshot;

import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.SnapshotIndex;
import dev.helm.activities.tools.AfterCall;
import dev.helm.api.Sha256;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.ToolActivity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.eclipse.jgit.lib.ObjectId;

/**
 * Takes a snapshot after a tool call that changed the workspace, and tells which files a shell
 * command changed. A tree is on the disk before the log names it.
 */
public final class CallSnapshot implements AfterCall {
  /** Most {@code file.changed} of one shell command; the snapshot counts all of them. */
  public static final int TOLD_MAX = 100;

  private static final int PATH_CHARS_MAX = 1_000;

  private final Snapshots snapshots;
  private final SnapshotIndex index;
  private final RunLog log;

  /** With where snapshots are kept and named. */
  public CallSnapshot(Snapshots snapshots, SnapshotIndex index, RunLog log) {
    this.snapshots = snapshots;
    this.index = index;
    this.log = log;
  }

  @Override
  public void done(ToolActivity.Request call, boolean shell) {
    String key = key(call, "snapshot");
    if (log.outcome(call.run(), key) != null) {
      return;
    }
    try {
      Snapshots.Taken taken = snapshots.take(call.run());
      String before =
          Objects.requireNonNullElse(index.newestTree(call.run()), SnapshotRepository.EMPTY);
      if (!before.equals(taken.tree())) {
        log.append(call.run(), facts(call, shell, before, taken), key, "{}");
      }
    } catch (IOException e) {
      // Tried again: what cannot be undone must not go on.
      throw new UncheckedIOException("the workspace's snapshot could not be taken", e);
    }
  }

  private List<Fact> facts(
      ToolActivity.Request call, boolean shell, String before, Snapshots.Taken taken)
      throws IOException {
    List<Fact> facts = new ArrayList<>();
    long changed = 0;
    try (SnapshotRepository repository = snapshots.open(call.run())) {
      TreeDiff.Result diff =
          TreeDiff.plain(
              repository, ObjectId.fromString(before), ObjectId.fromString(taken.tree()));
      for (TreeDiff.Change change : diff.changes()) {
        if (!change.directory()) {
          changed++;
        }
        if (shell && !change.directory() && facts.size() < TOLD_MAX) {
          facts.add(
              fact(
                  call,
                  "shell-changed-" + facts.size(),
                  new RunEvent.FileChanged(told(change.path()), call.toolUseId())));
        }
      }
    }
    facts.add(
        fact(
            call,
            "snapshot",
            new RunEvent.SnapshotTaken(
                "s" + Sha256.hex(call.run() + "/" + key(call, "snapshot")).substring(0, 15),
                call.toolUseId(),
                taken.tree(),
                taken.files(),
                taken.bytes(),
                changed)));
    return facts;
  }

  private static String told(String path) {
    return path.length() <= PATH_CHARS_MAX ? path : path.substring(0, PATH_CHARS_MAX) + "…";
  }

  private static Fact fact(ToolActivity.Request call, String name, RunEvent event) {
    return new Fact(key(call, name), call.agent(), event);
  }

  private static String key(ToolActivity.Request call, String name) {
    return "e" + call.epoch() + "/" + call.agent() + "/" + call.toolUseId() + "/" + name;
  }
}
