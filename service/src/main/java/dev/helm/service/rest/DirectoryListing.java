package dev.helm.service.rest;

import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.workspace.TreeItem;
import dev.helm.activities.workspace.TreeNode;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.activities.workspace.WorkspacePath;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.FileBodies;
import dev.helm.service.files.Diffs;
import dev.helm.service.files.Steps;
import dev.helm.service.store.FileStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** What directories of a workspace hold, as it is and as it was, and who has touched it. */
final class DirectoryListing {
  private static final int ENTRIES_MAX = 100_000;

  private final FileStore files;
  private final Backend backend;
  private final WorkspaceNow now;

  DirectoryListing(FileStore files, WorkspaceNow now, Backend backend) {
    this.files = files;
    this.backend = backend;
    this.now = now;
  }

  /** As it is; empty where no container has had the workspace yet. */
  List<FileBodies.FileEntry> now(String run, List<String> names) throws IOException {
    try {
      WorkspacePath path = WorkspacePath.of(names.isEmpty() ? "." : String.join("/", names));
      return now.list(run, path, ENTRIES_MAX).stream()
          .map(
              entry ->
                  entry(
                      names,
                      entry.name(),
                      entry.type().name().toLowerCase(java.util.Locale.ROOT),
                      entry.type() == WorkspaceFiles.Type.DIRECTORY ? 0 : entry.bytes(),
                      entry.mode(),
                      entry.target()))
          .toList();
    } catch (WorkspaceException e) {
      if (names.isEmpty() && e.reason() == WorkspaceException.Reason.NOT_FOUND) {
        return List.of(); // no container has had it yet
      }
      throw FileParams.refused(e);
    }
  }

  /** As it was at a step. */
  List<FileBodies.FileEntry> kept(String run, Steps.Step step, List<String> names)
      throws IOException {
    List<FileBodies.FileEntry> entries = new ArrayList<>();
    try (SnapshotRepository repository = backend.snapshots().open(run)) {
      TreeItem<ObjectId> directory = FileParams.found(repository, step, names);
      if (directory.kind() != TreeNode.Kind.DIRECTORY) {
        throw FileParams.absent();
      }
      for (TreeItem<ObjectId> item : repository.list(directory.id())) {
        boolean isDirectory = item.kind() == TreeNode.Kind.DIRECTORY;
        entries.add(
            entry(
                names,
                WorkspacePath.shown(item.text()),
                Diffs.type(item.kind()),
                isDirectory ? 0 : repository.size(item.id()),
                item.permissions(),
                item.kind() == TreeNode.Kind.LINK
                    ? WorkspacePath.shown(
                        new String(repository.target(item.id()), StandardCharsets.UTF_8))
                    : null));
      }
    }
    return entries;
  }

  private static FileBodies.FileEntry entry(
      List<String> parents,
      String name,
      String type,
      long size,
      int mode,
      @Nullable String target) {
    String path = parents.isEmpty() ? name : String.join("/", parents) + "/" + name;
    // A link has no permissions of its own: a snapshot keeps none, a file system says 0777.
    int shown = target == null ? mode : 0777;
    return new FileBodies.FileEntry(
        path, type, size, Diffs.mode(shown), target, List.of(), List.of());
  }

  /** A page, by path, each entry with the calls up to an event that read or wrote it. */
  Bodies.Page<FileBodies.FileEntry> page(
      String run,
      long seq,
      List<FileBodies.FileEntry> entries,
      int limit,
      @Nullable String cursor) {
    List<FileBodies.FileEntry> page =
        entries.stream()
            .filter(entry -> cursor == null || entry.path().compareTo(cursor) > 0)
            .sorted(Comparator.comparing(FileBodies.FileEntry::path))
            .limit(limit + 1L)
            .toList();
    Map<String, FileStore.Touched> touched = files.touched(run, seq);
    List<FileBodies.FileEntry> items =
        page.stream().limit(limit).map(entry -> withTouches(entry, touched)).toList();
    return new Bodies.Page<>(items, page.size() > limit ? items.getLast().path() : null);
  }

  private static FileBodies.FileEntry withTouches(
      FileBodies.FileEntry entry, Map<String, FileStore.Touched> touched) {
    FileStore.Touched by =
        Objects.requireNonNullElse(
            touched.get(entry.path()), new FileStore.Touched(List.of(), List.of()));
    return new FileBodies.FileEntry(
        entry.path(),
        entry.type(),
        entry.size(),
        entry.mode(),
        entry.target(),
        by.readBy(),
        by.writtenBy());
  }
}
