package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Parser;
import dev.helm.workflows.decide.guard.shell.ShellSyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Brace expansion: {@code {a,b}} and {@code {1..3}}, on the raw word. */
final class Braces {
  private static final int WORDS_MAX = 1_000;
  private static final int WORD_CHARS_MAX = 4_000;
  private static final Pattern NUMBERS =
      Pattern.compile("(-?\\d{1,6})\\.\\.(-?\\d{1,6})(?:\\.\\.-?\\d{1,4})?");
  private static final Pattern LETTERS =
      Pattern.compile("([A-Za-z])\\.\\.([A-Za-z])(?:\\.\\.-?\\d{1,4})?");

  private Braces() {}

  static List<String> expand(String raw) {
    List<String> out = new ArrayList<>();
    if (raw.indexOf('{') < 0) {
      out.add(raw);
      return out;
    }
    expand(raw, out, 0);
    return out;
  }

  private static void expand(String raw, List<String> out, int depth) {
    int open = 0;
    while (open < raw.length() && raw.charAt(open) != '{') {
      open = skip(raw, open);
    }
    if (open >= raw.length() || depth > 60 || out.size() > WORDS_MAX) {
      out.add(raw);
      return;
    }
    List<Integer> cuts = new ArrayList<>();
    int close = close(raw, open, cuts);
    List<String> parts = close < 0 ? List.of() : parts(raw, open, close, cuts);
    if (parts.isEmpty()) {
      List<String> rest = new ArrayList<>();
      expand(raw.substring(open + 1), rest, depth + 1);
      for (String tail : rest) {
        out.add(raw.substring(0, open + 1) + tail);
      }
      return;
    }
    if (raw.length() > WORD_CHARS_MAX) {
      // Doubling a long word again and again would cost more than any answer is worth.
      throw new Limits.Exceeded("a word with braces is too long");
    }
    for (String part : parts) {
      expand(raw.substring(0, open) + part + raw.substring(close + 1), out, depth + 1);
    }
  }

  private static List<String> parts(String raw, int open, int close, List<Integer> cuts) {
    if (cuts.isEmpty()) {
      return sequence(raw.substring(open + 1, close));
    }
    List<String> parts = new ArrayList<>();
    int from = open + 1;
    for (int cut : cuts) {
      parts.add(raw.substring(from, cut));
      from = cut + 1;
    }
    parts.add(raw.substring(from, close));
    return parts;
  }

  private static List<String> sequence(String inside) {
    Matcher numbers = NUMBERS.matcher(inside);
    Matcher letters = LETTERS.matcher(inside);
    List<String> values = new ArrayList<>();
    if (numbers.matches()) {
      int from = Integer.parseInt(String.valueOf(numbers.group(1)));
      int to = Integer.parseInt(String.valueOf(numbers.group(2)));
      for (int i = from; from <= to ? i <= to : i >= to; i += from <= to ? 1 : -1) {
        values.add(String.valueOf(i));
        if (values.size() > 200) {
          break;
        }
      }
    } else if (letters.matches()) {
      char from = inside.charAt(0);
      char to = String.valueOf(letters.group(2)).charAt(0);
      for (char c = from; from <= to ? c <= to : c >= to; c += (char) (from <= to ? 1 : -1)) {
        values.add(String.valueOf(c));
      }
    }
    return values;
  }

  private static int close(String raw, int open, List<Integer> cuts) {
    int depth = 0;
    int i = open;
    while (i < raw.length()) {
      char c = raw.charAt(i);
      if (c == '{') {
        depth++;
      } else if (c == '}' && --depth == 0) {
        return i;
      } else if (c == ',' && depth == 1) {
        cuts.add(i);
      }
      i = c == '{' || c == '}' || c == ',' ? i + 1 : skip(raw, i);
    }
    return -1;
  }

  private static int skip(String raw, int i) {
    try {
      return "'\"\\$`".indexOf(raw.charAt(i)) >= 0 ? Parser.pieceEnd(raw, i) : i + 1;
    } catch (ShellSyntaxException e) {
      return i + 1;
    }
  }
}
