package dev.helm.workflows.decide;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The short form of a call that every surface shows beside the tool's name. */
public final class CallLine {
  /** Longest short form, in characters; surfaces cut further to their width. */
  private static final int CHARS_MAX = 200;

  private CallLine() {}

  /** For example {@code stripe.com/blog} or {@code "Q1 Brief" → leadership@}. */
  public static String object(ToolCall call) {
    String line =
        switch (call.tool()) {
          case "Bash" -> firstLine(orEmpty(call.text("command")));
          case "WebFetch" -> withoutScheme(orEmpty(call.text("url")));
          case "WriteRow" -> rows(call);
          case "SendEmail" -> mail(call);
          case "Publish" -> publish(call);
          case "AskPerson" -> orEmpty(call.text("question"));
          case "Agent" -> firstLine(orEmpty(call.text("description")));
          case "Glob", "Grep" -> orEmpty(call.text("pattern"));
          case "Read", "Write", "Edit" -> path(call);
          default -> other(call);
        };
    return cut(line.strip());
  }

  private static String path(ToolCall call) {
    String path = call.workspacePath();
    return path != null ? path : orEmpty(call.text("file_path"));
  }

  /** A tool from elsewhere: the file that it names, else the first text that it is given. */
  private static String other(ToolCall call) {
    String path = path(call);
    return path.isEmpty()
        ? call.arguments().values().stream()
            .filter(String.class::isInstance)
            .map(text -> firstLine(String.valueOf(text)))
            .findFirst()
            .orElse("")
        : path;
  }

  private static String rows(ToolCall call) {
    if (call.arguments().get("rows") instanceof List<?> rows) {
      return path(call) + " · " + rows.size() + (rows.size() == 1 ? " entry" : " entries");
    }
    Object count = call.arguments().get("row_count");
    return count instanceof Number ? path(call) + " · " + count + " entries" : path(call);
  }

  private static String mail(ToolCall call) {
    Object to = call.arguments().get("to");
    String people =
        to instanceof List<?> list
            ? list.stream()
                .map(String::valueOf)
                .map(CallLine::mailbox)
                .collect(Collectors.joining(", "))
            : mailbox(String.valueOf(to));
    return "\"" + orEmpty(call.text("subject")) + "\" → " + people;
  }

  private static String publish(ToolCall call) {
    String files =
        call.arguments().get("files") instanceof List<?> list
            ? list.size() == 1 ? String.valueOf(list.getFirst()) : list.size() + " files"
            : "";
    return files + " → " + orEmpty(call.text("to"));
  }

  /** {@code leadership@example.com} is shown as {@code leadership@}; the whole is in the call. */
  private static String mailbox(String address) {
    int at = address.lastIndexOf('@');
    return at < 0 ? address : address.substring(0, at + 1);
  }

  private static String withoutScheme(String url) {
    int scheme = url.indexOf("://");
    String rest = scheme < 0 ? url : url.substring(scheme + 3);
    return rest.endsWith("/") ? rest.substring(0, rest.length() - 1) : rest;
  }

  private static String firstLine(String text) {
    int end = text.strip().indexOf('\n');
    return end < 0 ? text.strip() : text.strip().substring(0, end) + " …";
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static String cut(String line) {
    if (line.length() <= CHARS_MAX) {
      return line;
    }
    int half = CHARS_MAX / 2 - 1;
    int from = Character.isHighSurrogate(line.charAt(half - 1)) ? half - 1 : half;
    int to = line.length() - half;
    to = Character.isLowSurrogate(line.charAt(to)) ? to + 1 : to;
    return line.substring(0, from) + " … " + line.substring(to);
  }
}
