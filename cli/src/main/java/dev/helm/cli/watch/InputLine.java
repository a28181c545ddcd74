package dev.helm.cli.watch;

import dev.helm.cli.render.Columns;
import dev.helm.cli.render.SafeText;

/** One line that a person types. */
final class InputLine {
  static final int ENTER = '\r';
  static final int ESCAPE = 27;
  static final int LEFT = -10;
  static final int RIGHT = -11;
  static final int HOME = -12;
  static final int END = -13;
  static final int DELETE = -16;

  private static final int CHARS_MAX = 4_000;

  private final StringBuilder text = new StringBuilder();
  private int cursor;

  InputLine(String prefilled) {
    text.append(prefilled);
    cursor = text.length();
  }

  /** The cursor goes to where the text begins. */
  InputLine atStart() {
    cursor = 0;
    return this;
  }

  String text() {
    return text.toString();
  }

  /** Takes a key that is neither enter nor escape. */
  void type(int key) {
    switch (key) {
      case LEFT -> cursor = cursor == 0 ? 0 : text.offsetByCodePoints(cursor, -1);
      case RIGHT -> cursor = cursor == text.length() ? cursor : text.offsetByCodePoints(cursor, 1);
      case HOME, 1 -> cursor = 0;
      case END, 5 -> cursor = text.length();
      case 8, 127 -> backspace();
      case DELETE, 4 -> {
        if (cursor < text.length()) {
          text.delete(cursor, text.offsetByCodePoints(cursor, 1));
        }
      }
      case 21 -> {
        text.delete(0, cursor);
        cursor = 0;
      }
      case 23 -> word();
      default -> insert(key);
    }
  }

  /** What is seen of it in so many columns: the part around the cursor, which is {@code _}. */
  String shown(int columns) {
    String before = SafeText.line(text.substring(0, cursor));
    String after = SafeText.line(text.substring(cursor));
    int room = Math.max(4, columns - 1);
    if (Columns.of(before) + Columns.of(after) > room) {
      after = Columns.cutEnd(after, Math.max(room / 3, room - Columns.of(before)));
      while (Columns.of(before) + Columns.of(after) > room && !before.isEmpty()) {
        before = before.substring(before.offsetByCodePoints(0, 1));
      }
    }
    return before + "_" + after;
  }

  private void insert(int key) {
    if (key >= 0x20 && Character.isValidCodePoint(key) && text.length() < CHARS_MAX) {
      String typed = Character.toString(key);
      text.insert(cursor, typed);
      cursor += typed.length();
    }
  }

  private void backspace() {
    if (cursor > 0) {
      int start = text.offsetByCodePoints(cursor, -1);
      text.delete(start, cursor);
      cursor = start;
    }
  }

  private void word() {
    int start = cursor;
    while (start > 0 && text.charAt(start - 1) == ' ') {
      start--;
    }
    while (start > 0 && text.charAt(start - 1) != ' ') {
      start--;
    }
    text.delete(start, cursor);
    cursor = start;
  }
}
