package dev.helm.cli.command;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** Ids as people see them: the first four characters, more where that is ambiguous, as git does. */
final class ShownIds {
  private static final int SHORTEST = 4;

  private ShownIds() {}

  /** The shown form of each id, unambiguous among them. */
  static Map<String, String> of(Collection<String> ids) {
    Map<String, String> shown = new HashMap<>();
    for (String id : ids) {
      int length = SHORTEST;
      while (length < id.length() && ambiguous(ids, id, length)) {
        length++;
      }
      shown.put(id, id.substring(0, Math.min(length, id.length())));
    }
    return shown;
  }

  private static boolean ambiguous(Collection<String> ids, String id, int length) {
    String prefix = id.substring(0, length);
    return ids.stream().anyMatch(other -> !other.equals(id) && other.startsWith(prefix));
  }
}
