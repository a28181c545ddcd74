package dev.helm.service.rest;

import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.workspace.TreeItem;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspacePath;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.files.Steps;
import dev.helm.service.store.FileStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** Steps and paths as clients name them, and what is said of those that are not there. */
final class FileParams {
  private FileParams() {}

  /** The step of a run that a client names in a member of its request; not "now". */
  static Steps.Step step(FileStore files, String run, String member, String name) {
    Steps.Step step = name.length() > 64 ? null : new Steps(files).find(run, name);
    if (step == null) {
      throw noStep(member, name);
    }
    return step;
  }

  static ProblemException noStep(String member, String name) {
    return ProblemException.of(
        ErrorCode.NOT_FOUND,
        "this run has no such step: "
            + member
            + "="
            + (name.length() > 64 ? name.substring(0, 64) : name),
        "now, start, a snapshot's id or the number of an event; helm files RUN --snapshots lists"
            + " them");
  }

  /** The parts of a path below the workspace; none is "..". */
  static List<String> names(@Nullable String path) {
    if (path == null || path.isEmpty()) {
      return List.of();
    }
    List<String> names = new ArrayList<>();
    try {
      WorkspacePath checked = WorkspacePath.of(path);
      for (String name : checked.parts()) {
        if (name.equals("..")) {
          throw ProblemException.member("path", "\"..\" is not followed here", null);
        }
        names.add(name);
      }
    } catch (WorkspaceException e) {
      throw ProblemException.member("path", String.valueOf(e.getMessage()), null);
    }
    return names;
  }

  /** What stands at a path at a step. */
  static TreeItem<ObjectId> found(
      SnapshotRepository repository, Steps.Step step, List<String> names) throws IOException {
    TreeItem<ObjectId> item =
        repository.find(
            ObjectId.fromString(step.tree()),
            names.stream().map(name -> name.getBytes(StandardCharsets.UTF_8)).toList());
    if (item == null) {
      throw absent();
    }
    return item;
  }

  static ProblemException absent() {
    return ProblemException.of(
        ErrorCode.NOT_FOUND,
        "there is no such file at that step",
        "helm files RUN lists what is there");
  }

  static ProblemException refused(WorkspaceException e) {
    return switch (e.reason()) {
      case NOT_FOUND, LINK, WRONG_TYPE -> absent();
      case TOO_LARGE ->
          ProblemException.of(ErrorCode.TOO_LARGE, String.valueOf(e.getMessage()), null);
      case BAD_PATH, FULL, REFUSED ->
          ProblemException.member("path", String.valueOf(e.getMessage()), null);
    };
  }
}
