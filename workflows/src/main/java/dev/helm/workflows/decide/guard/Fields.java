package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects the fields of one word: what is unquoted and expanded is split at {@code IFS}. */
final class Fields {
  private static final int CHARS_MAX = 256 * 1024;

  private final boolean split;
  private final String separators;
  private final List<String> fields = new ArrayList<>();
  private final StringBuilder field = new StringBuilder();
  private boolean begun;
  private int chars;

  Fields(boolean split, @Nullable String separators) {
    this.split = split;
    this.separators = separators == null ? " \t\n" : separators;
  }

  /** A field begins even if nothing follows, as {@code ""} does. */
  void begin() {
    begun = true;
  }

  void literal(char c) {
    begun = true;
    append(String.valueOf(c));
  }

  void quoted(String text) {
    begun = true;
    append(text);
  }

  void add(String text, boolean quoted) {
    if (quoted || !split) {
      append(text);
      begun |= quoted || !text.isEmpty();
      return;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (separators.indexOf(c) >= 0) {
        next();
      } else {
        begun = true;
        append(
            switch (c) {
              case '*' -> String.valueOf(Marks.STAR);
              case '?' -> String.valueOf(Marks.ANY);
              case '[' -> String.valueOf(Marks.BRACKET);
              default -> String.valueOf(c);
            });
      }
    }
  }

  void next() {
    if (begun) {
      fields.add(field.toString());
      field.setLength(0);
      begun = false;
    }
  }

  private void append(String text) {
    chars += text.length();
    if (chars > CHARS_MAX) {
      throw new Limits.Exceeded("its words grow too long");
    }
    field.append(text);
  }

  List<String> done() {
    next();
    return fields;
  }
}
