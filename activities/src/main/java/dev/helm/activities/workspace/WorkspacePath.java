package dev.helm.activities.workspace;

import dev.helm.activities.workspace.WorkspaceException.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A path inside a workspace. It can only be made by the check, and only {@link WorkspaceFiles}
 * takes it to a file: no text that an agent or a client gave ever reaches the file system as it is.
 */
public final class WorkspacePath {
  /** Longest path in UTF-8. */
  public static final int PATH_BYTES_MAX = 4000;

  /** Longest name between two slashes in UTF-8. */
  public static final int NAME_BYTES_MAX = 255;

  /** Most names in one path. */
  public static final int DEPTH_MAX = 128;

  private static final List<String> ROOTS = List.of("/workspace", "/slot/workspace");

  private final List<String> names;

  private WorkspacePath(List<String> names) {
    this.names = List.copyOf(names);
  }

  /**
   * Checks a path: relative to the workspace, or absolute below {@code /workspace}. Whether it
   * stays inside is decided by the walk, which counts each {@code ..} where it stands.
   *
   * @throws WorkspaceException for everything else
   */
  public static WorkspacePath of(String text) throws WorkspaceException {
    if (text.isEmpty()) {
      throw refused("the path is empty", "give a path in /workspace");
    }
    if (bytes(text) > PATH_BYTES_MAX) {
      throw refused("the path has more than " + PATH_BYTES_MAX + " bytes", "use a shorter path");
    }
    int odd = text.codePoints().filter(WorkspacePath::odd).findFirst().orElse(-1);
    if (odd >= 0) {
      throw refused(
          "the path has the character U+%04X, which people would not see".formatted(odd),
          "rename the file with Bash mv");
    }
    List<String> names = new ArrayList<>();
    for (String name : inside(text).split("/", -1)) {
      if (!name.isEmpty() && !name.equals(".")) {
        if (bytes(name) > NAME_BYTES_MAX) {
          throw refused(
              "a name in the path has more than " + NAME_BYTES_MAX + " bytes", "shorten it");
        }
        names.add(name);
      }
    }
    if (names.size() > DEPTH_MAX) {
      throw refused("the path is deeper than " + DEPTH_MAX + " names", "use a shorter path");
    }
    return new WorkspacePath(names);
  }

  private static String inside(String text) throws WorkspaceException {
    if (!text.startsWith("/")) {
      return text;
    }
    for (String root : ROOTS) {
      if (text.equals(root) || text.startsWith(root + "/")) {
        return text.substring(root.length());
      }
    }
    throw refused(
        shown(text) + " is outside the workspace", "only files in /workspace can be used");
  }

  /** Control characters, line ends, and what turns the direction of text or cannot be seen. */
  static boolean odd(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      default -> c == 0xfffd;
    };
  }

  private static int bytes(String text) throws WorkspaceException {
    try {
      ByteBuffer utf8 =
          StandardCharsets.UTF_8
              .newEncoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .encode(java.nio.CharBuffer.wrap(text));
      return utf8.remaining();
    } catch (CharacterCodingException e) {
      throw refused("the path is not valid Unicode", "rename the file with Bash mv");
    }
  }

  /** Each name in UTF-8; {@code ..} may be among them. */
  List<byte[]> names() {
    return names.stream().map(name -> name.getBytes(StandardCharsets.UTF_8)).toList();
  }

  /** The names from the workspace's root; {@code ..} may be among them. */
  public List<String> parts() {
    return names;
  }

  /** The last name; "workspace" for the workspace itself. */
  public String name() {
    return names.isEmpty() ? "workspace" : names.getLast();
  }

  /** Text of an agent as people may see it: what cannot be seen is escaped. */
  public static String shown(String text) {
    StringBuilder safe = new StringBuilder();
    text.codePoints()
        .limit(300)
        .forEach(
            c -> {
              if (odd(c)) {
                safe.append("\\u{%X}".formatted(c));
              } else {
                safe.appendCodePoint(c);
              }
            });
    return safe.toString();
  }

  private static WorkspaceException refused(String what, String help) {
    return new WorkspaceException(Reason.BAD_PATH, what + "; " + help);
  }

  /** As the agent knows it. */
  @Override
  public String toString() {
    return names.isEmpty() ? "/workspace" : "/workspace/" + String.join("/", names);
  }
}
