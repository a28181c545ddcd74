package dev.helm.cli.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A user's name and password.
 *
 * @param username who
 * @param password never printed
 */
record Credentials(String username, String password) {
  private static final int BYTES_MAX = 4096;

  /**
   * Reads the owner's file of a Helm on this machine: JSON, or lines {@code name: value} or {@code
   * name=value} with {@code username} and {@code password}. Null when it is not there or not ours
   * to read.
   */
  static @Nullable Credentials ofFile(Path path) {
    try {
      if (!Files.isReadable(path) || Files.size(path) > BYTES_MAX) {
        return null;
      }
      String text = Files.readString(path).strip();
      return text.startsWith("{") ? ofTree(Json.object(text)) : ofLines(text);
    } catch (IOException | IllegalArgumentException e) {
      return null;
    }
  }

  private static @Nullable Credentials ofLines(String text) {
    Map<String, Object> members = new HashMap<>();
    text.lines()
        .map(line -> line.split("\\s*[:=]\\s*", 2))
        .filter(pair -> pair.length == 2)
        .forEach(pair -> members.put(pair[0].strip().toLowerCase(Locale.ROOT), pair[1].strip()));
    return ofTree(members);
  }

  private static @Nullable Credentials ofTree(Map<String, Object> tree) {
    Object name = tree.containsKey("username") ? tree.get("username") : tree.get("user");
    return name instanceof String username && tree.get("password") instanceof String password
        ? new Credentials(username, password)
        : null;
  }

  @Override
  public String toString() {
    return "Credentials[username=" + username + "]";
  }
}
