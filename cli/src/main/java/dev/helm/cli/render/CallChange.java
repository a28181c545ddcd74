package dev.helm.cli.render;

import dev.helm.api.event.Content;
import dev.helm.cli.http.Json;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a person changed in a call's arguments, member by member. Everything is escaped. */
public final class CallChange {
  private static final int ROWS_MAX = 40;

  private CallChange() {}

  /**
   * Rows such as {@code to: leadership@ → boss@}; of a text of several lines the lines that differ.
   *
   * @param before as the agent asked, null where it is not known
   */
  public static List<String> rows(@Nullable Content before, Content after) {
    Map<String, Object> old = before == null ? null : members(before);
    Map<String, Object> changed = members(after);
    if (changed == null) {
      return List.of("arguments that are too long to be shown here");
    }
    if (old == null) {
      return bounded(
          changed.entrySet().stream()
              .map(e -> SafeText.line(e.getKey()) + ": " + SafeText.line(shown(e.getValue())))
              .toList());
    }
    Set<String> names = new LinkedHashSet<>(old.keySet());
    names.addAll(changed.keySet());
    List<String> rows = new ArrayList<>();
    for (String name : names) {
      if (!Objects.equals(old.get(name), changed.get(name))
          || old.containsKey(name) != changed.containsKey(name)) {
        member(rows, name, old, changed);
      }
    }
    return rows.isEmpty() ? List.of("nothing") : bounded(rows);
  }

  private static void member(
      List<String> rows, String name, Map<String, Object> old, Map<String, Object> changed) {
    String label = SafeText.line(name) + ": ";
    if (!changed.containsKey(name)) {
      rows.add(label + "left out");
      return;
    }
    String now = shown(changed.get(name));
    if (!old.containsKey(name)) {
      rows.add(label + "new → " + SafeText.line(now));
      return;
    }
    String was = shown(old.get(name));
    if (!was.contains("\n") && !now.contains("\n")) {
      rows.add(label + SafeText.line(was) + " → " + SafeText.line(now));
      return;
    }
    rows.add(label.stripTrailing());
    lines(rows, was.lines().toList(), now.lines().toList());
  }

  /** The lines between what both begin and end with. */
  private static void lines(List<String> rows, List<String> was, List<String> now) {
    int least = Math.min(was.size(), now.size());
    int head = 0;
    while (head < least && was.get(head).equals(now.get(head))) {
      head++;
    }
    int tail = 0;
    while (tail < least - head
        && was.get(was.size() - 1 - tail).equals(now.get(now.size() - 1 - tail))) {
      tail++;
    }
    was.subList(head, was.size() - tail).forEach(row -> rows.add("  - " + SafeText.line(row)));
    now.subList(head, now.size() - tail).forEach(row -> rows.add("  + " + SafeText.line(row)));
  }

  private static List<String> bounded(List<String> rows) {
    if (rows.size() <= ROWS_MAX) {
      return rows;
    }
    List<String> kept = new ArrayList<>(rows.subList(0, ROWS_MAX));
    kept.add("… " + (rows.size() - ROWS_MAX) + " more rows");
    return kept;
  }

  private static @Nullable Map<String, Object> members(Content content) {
    try {
      return content instanceof Content.Text text ? Json.object(text.text()) : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static String shown(@Nullable Object value) {
    return CallText.shown(value);
  }
}
