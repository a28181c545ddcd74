package dev.helm.cli.render;

import dev.helm.api.event.Content;
import dev.helm.cli.http.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The whole of a call as a person decides on it: nothing is cut, everything is escaped, and members
 * that this version does not know are shown like the others. A mail reads as a mail.
 */
public final class CallText {
  private static final List<String> MAIL_HEAD = List.of("to", "subject", "attachments");

  private CallText() {}

  /** The rows, or null when the call is not in the log itself and cannot be shown here. */
  public static @Nullable List<String> rows(String tool, Content arguments) {
    return switch (arguments) {
      case Content.Text text -> rows(tool, text.text());
      case Content.BlobRef _ -> null;
    };
  }

  private static List<String> rows(String tool, String json) {
    Map<String, Object> members;
    try {
      members = Json.object(json);
    } catch (IllegalArgumentException e) {
      return SafeText.block(json).lines().toList();
    }
    List<String> rows = new ArrayList<>();
    if (tool.equals("SendEmail")) {
      MAIL_HEAD.stream().filter(members::containsKey).forEach(name -> member(rows, name, members));
      members.keySet().stream()
          .filter(name -> !MAIL_HEAD.contains(name) && !name.equals("body"))
          .forEach(name -> member(rows, name, members));
      if (members.containsKey("body")) {
        rows.add("");
        rows.addAll(SafeText.block(shown(members.get("body"))).lines().toList());
      }
    } else {
      members.keySet().forEach(name -> member(rows, name, members));
    }
    return rows;
  }

  /** A call's object with its recipients in full, where it has any that fit into a row. */
  public static String whole(String tool, String object, Content arguments) {
    if (!tool.equals("SendEmail") || !(arguments instanceof Content.Text text)) {
      return object;
    }
    try {
      Map<String, Object> members = Json.object(text.text());
      String to = members.get("to") == null ? "" : shown(members.get("to"));
      return to.isEmpty() ? object : "\"" + shown(members.get("subject")) + "\" → " + to;
    } catch (IllegalArgumentException e) {
      return object;
    }
  }

  /** {@code SendEmail "Q1 Competitor Brief" → leadership@}, {@code WebFetch · stripe.com/blog}. */
  public static String line(String tool, String object) {
    String shown = EventText.text(object);
    String between = shown.isEmpty() ? "" : shown.startsWith("\"") ? " " : " · ";
    return SafeText.line(tool) + between + shown;
  }

  private static void member(List<String> rows, String name, Map<String, Object> members) {
    List<String> value = SafeText.block(shown(members.get(name))).lines().toList();
    String label = SafeText.line(name) + ": ";
    if (value.size() <= 1) {
      rows.add(label + (value.isEmpty() ? "" : value.getFirst()));
    } else {
      rows.add(label.stripTrailing());
      value.forEach(row -> rows.add("  " + row));
    }
  }

  static String shown(@Nullable Object value) {
    if (value instanceof String text) {
      return text;
    }
    if (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
      return String.join(", ", list.stream().map(String.class::cast).toList());
    }
    return Json.write(value);
  }
}
