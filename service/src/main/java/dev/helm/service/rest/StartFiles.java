package dev.helm.service.rest;

import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspacePath;
import dev.helm.api.rest.Bodies;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The files that a run is to begin with, as a request gives them; what is odd is refused. */
final class StartFiles {
  /** Most files of one run's beginning; their bytes are bounded by {@link BodyLimit}. */
  static final int FILES_MAX = 500;

  private StartFiles() {}

  /**
   * @throws ProblemException with the member that is wrong
   */
  static List<Snapshots.First> of(@Nullable List<Bodies.StartFile> files) {
    if (files == null) {
      return List.of();
    }
    if (files.size() > FILES_MAX) {
      throw ProblemException.member(
          "files", "expected at most " + FILES_MAX + " files", "let the agent fetch the rest");
    }
    Set<String> paths = new TreeSet<>();
    List<Snapshots.First> found = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      Bodies.StartFile file = files.get(i);
      String member = "files[" + i + "]";
      // JSON may leave out what the record says is there.
      if (file == null || file.path() == null || file.content() == null) {
        throw ProblemException.member(member, "expected an object with path and content", null);
      }
      String path = path(member, file.path());
      if (!paths.add(path)) {
        throw ProblemException.member(member + ".path", "is given twice: " + path, null);
      }
      found.add(
          new Snapshots.First(
              path, content(member, file.content()), Boolean.TRUE.equals(file.executable())));
    }
    for (String path : paths) {
      for (int at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
        if (paths.contains(path.substring(0, at))) {
          throw ProblemException.member(
              "files", path.substring(0, at) + " is a file and the folder of another", null);
        }
      }
    }
    return found;
  }

  private static String path(String member, String text) {
    Params.line(member + ".path", text, 1_000);
    try {
      WorkspacePath unused = WorkspacePath.of(text);
    } catch (WorkspaceException e) {
      throw ProblemException.member(member + ".path", String.valueOf(e.getMessage()), null);
    }
    for (String name : text.split("/", -1)) {
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
        throw ProblemException.member(
            member + ".path",
            "expected names with a slash between them",
            "for example data/in.csv");
      }
    }
    return text;
  }

  private static byte[] content(String member, String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw ProblemException.member(
          member + ".content", "is not base64: " + e.getMessage(), "the bytes as base64 -w0 says");
    }
  }
}
