package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Bodies of the calls about a run's files: browse, compare, roll back, fork. */
public final class FileBodies {
  private FileBodies() {}

  /**
   * An entry of a workspace; a link is shown and never followed.
   *
   * @param path from the workspace's root
   * @param type {@code file directory link other}
   * @param size bytes of a file or of a link's target, 0 for a directory
   * @param mode permission bits as four octal digits
   * @param target where a link leads
   * @param readBy seqs of the {@code file.read} events about it, newest last
   * @param writtenBy seqs of the {@code file.changed} events about it, newest last
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record FileEntry(
      String path,
      String type,
      long size,
      String mode,
      @Nullable String target,
      List<Long> readBy,
      List<Long> writtenBy) {}

  /**
   * A workspace as it was right after an event.
   *
   * @param kind {@code start}, {@code taken} after a tool call, {@code undo} before a rollback
   * @param changed files that the call changed
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Snapshot(
      String id,
      long seq,
      String at,
      String kind,
      @Nullable String toolUseId,
      long files,
      long bytes,
      long changed) {}

  /**
   * What differs between two states of a workspace.
   *
   * @param truncated there is more than is listed
   */
  public record Diff(String from, String to, List<FileDiff> files, boolean truncated) {}

  /**
   * One file that differs.
   *
   * @param status {@code added modified deleted renamed}
   * @param oldPath where a renamed file was
   * @param type {@code file directory link}
   * @param binary compared by size and hash only
   * @param added lines that came, and {@code removed} that went; null for binary files
   * @param truncated not all hunks are listed
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record FileDiff(
      String path,
      String status,
      @Nullable String oldPath,
      String type,
      @Nullable FileSide before,
      @Nullable FileSide after,
      boolean binary,
      @Nullable Integer added,
      @Nullable Integer removed,
      List<Hunk> hunks,
      boolean truncated) {}

  /** One side of a difference; {@code sha256} of the content where it is no text. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record FileSide(long size, String mode, @Nullable String sha256) {}

  /** Lines that changed; each begins with a blank, a plus, a minus or a backslash. */
  public record Hunk(int oldStart, int oldLines, int newStart, int newLines, List<String> lines) {}

  /**
   * {@code POST /api/runs/{id}/rollback}.
   *
   * @param to {@code start}, a snapshot's id, or a seq as a number
   * @param preview only tells what would change
   * @param state of a preview; if the run has changed since, nothing is done
   */
  public record RollbackRequest(Object to, @Nullable Boolean preview, @Nullable String state) {}

  /**
   * What a rollback changes, or has changed.
   *
   * @param toSeq the step that the agent is back at
   * @param epoch the run's new life; null for a preview
   * @param undoSnapshotId rolling back to it undoes this; null for a preview
   * @param created files that are made, {@code changed} and {@code deleted} ones
   * @param files paths, the first of them
   * @param truncated there are more files than paths
   * @param unsaved what of the workspace no snapshot holds
   * @param outward calls that acted outside of the workspace after that step, oldest first; no
   *     rollback takes them back
   * @param outwardCalls how many there are, of which the first are listed
   * @param state stands for all that a preview tells; null for what is done
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Rollback(
      String run,
      long toSeq,
      String snapshotId,
      @Nullable Integer epoch,
      @Nullable String undoSnapshotId,
      long created,
      long changed,
      long deleted,
      List<FileChange> files,
      boolean truncated,
      List<Unsaved> unsaved,
      List<OutwardCall> outward,
      long outwardCalls,
      @Nullable String state) {
    /** An older service does not tell what no snapshot holds, nor what no rollback takes back. */
    public Rollback {
      unsaved = Objects.requireNonNullElse(unsaved, List.of());
      outward = Objects.requireNonNullElse(outward, List.of());
    }
  }

  /**
   * A call that may have acted outside of the workspace, and has ended.
   *
   * @param seq of the event that tells its end
   * @param object its short form, as the agent asked for it
   * @param to recipients in the arguments that it ran with
   * @param outcome {@code ok failed interrupted timedOut unknown}
   * @param summary what came of it, a few words
   */
  public record OutwardCall(
      long seq, String tool, String object, List<String> to, String outcome, String summary) {}

  /** A path and what happens to it: {@code created changed deleted}. */
  public record FileChange(String path, String change) {}

  /**
   * Something that no snapshot holds, so that no rollback brings it back.
   *
   * @param why a socket, larger than a workspace may be, ...
   * @param fate {@code kept}; {@code removed}, as it has no content; {@code blocks} the rollback
   */
  public record Unsaved(String path, String why, String fate) {}

  /**
   * {@code POST /api/runs/{id}/fork}.
   *
   * @param at {@code now}, {@code start}, a snapshot's id, or a seq as a number
   * @param message what a person says first
   * @param blueprint another one than the run's, with or without a version
   */
  public record ForkRequest(
      @Nullable Object at, @Nullable String message, @Nullable String blueprint) {}
}
