package dev.helm.cli.verify;

import dev.helm.api.event.SourceNumber;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads canonical JSON and nothing else, in one pass over the bytes: a text that it takes is the
 * one that {@link dev.helm.api.event.CanonicalJson} writes of the tree that it gives, so that
 * nobody has to write the tree again to know. What it refuses may be JSON all the same; then a
 * slower reader says what is wrong with it.
 */
final class CanonicalReader {
  private static final long SAFE = 1L << 53;

  /** With the event around it the 200 that {@code Json} allows. */
  private static final int DEPTH_MAX = 199;

  private static final int FRACTION_CHARS_MAX = 1_000;
  private static final Pattern FRACTION =
      Pattern.compile("-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?");
  private static final String SHORT = "\"\\bfnrt";
  private static final String SHORT_OF = "\"\\\b\f\n\r\t";

  private byte[] bytes = new byte[0];
  private int end;
  private int at;
  private int depth;

  /** Not canonical; thrown often by hostile files, so it has no stack. */
  static final class NotCanonicalException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotCanonicalException() {
      super("not canonical JSON", null, false, false);
    }
  }

  /** Begins a text, which is not copied. */
  void begin(byte[] text, int length) {
    bytes = text;
    end = length;
    at = 0;
    depth = 0;
  }

  /** Where the next byte stands. */
  int at() {
    return at;
  }

  /** Passes over exactly these bytes. */
  void pass(byte[] literal) {
    if (!Arrays.equals(bytes, at, Math.min(end, at + literal.length), literal, 0, literal.length)) {
      throw new NotCanonicalException();
    }
    at += literal.length;
  }

  /** The text has to be over. */
  void end() {
    if (at != end) {
      throw new NotCanonicalException();
    }
  }

  private void pass(char c) {
    if (at >= end || bytes[at] != c) {
      throw new NotCanonicalException();
    }
    at++;
  }

  private boolean passes(char c) {
    if (at < end && bytes[at] == c) {
      at++;
      return true;
    }
    return false;
  }

  /** An object with its members. */
  // JSON's null stays a null member, as CanonicalJson writes it.
  @SuppressWarnings("NullAway")
  Map<String, Object> object() {
    pass('{');
    deeper();
    Map<String, Object> members = new LinkedHashMap<>();
    String before = null;
    if (!passes('}')) {
      do {
        String name = string();
        if (before != null && before.compareTo(name) >= 0) {
          throw new NotCanonicalException();
        }
        before = name;
        pass(':');
        members.put(name, value());
      } while (passes(','));
      pass('}');
    }
    depth--;
    return members;
  }

  @SuppressWarnings("NullAway")
  private List<Object> array() {
    pass('[');
    deeper();
    List<Object> items = new ArrayList<>();
    if (!passes(']')) {
      do {
        items.add(value());
      } while (passes(','));
      pass(']');
    }
    depth--;
    return items;
  }

  /** Attack: brackets without end use up the stack. */
  private void deeper() {
    if (++depth > DEPTH_MAX) {
      throw new NotCanonicalException();
    }
  }

  private @Nullable Object value() {
    int c = at < end ? bytes[at] : -1;
    return switch (c) {
      case '{' -> object();
      case '[' -> array();
      case '"' -> string();
      case 't' -> word("true", Boolean.TRUE);
      case 'f' -> word("false", Boolean.FALSE);
      case 'n' -> word("null", null);
      default -> number();
    };
  }

  private @Nullable Object word(String word, @Nullable Object value) {
    for (int i = 0; i < word.length(); i++) {
      pass(word.charAt(i));
    }
    return value;
  }

  /** A whole number. */
  long integer() {
    boolean minus = passes('-');
    int from = at;
    long number = 0;
    while (at < end && bytes[at] >= '0' && bytes[at] <= '9' && at - from < 17) {
      number = 10 * number + bytes[at++] - '0';
    }
    boolean zeroes = at > from && bytes[from] == '0' && (minus || at - from > 1);
    if (at == from || zeroes || number > SAFE) {
      throw new NotCanonicalException();
    }
    return minus ? -number : number;
  }

  /** A fraction is its source text; any that JSON allows is kept as it was written. */
  private Object number() {
    int from = at;
    int to = from;
    boolean fraction = false;
    while (to < end && to - from <= FRACTION_CHARS_MAX && numeric(bytes[to])) {
      fraction |= bytes[to] == '.' || bytes[to] == 'e' || bytes[to] == 'E';
      to++;
    }
    if (!fraction) {
      return integer();
    }
    String text = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    if (to - from > FRACTION_CHARS_MAX || !FRACTION.matcher(text).matches()) {
      throw new NotCanonicalException();
    }
    at = to;
    try {
      return new SourceNumber(text);
    } catch (NumberFormatException e) {
      throw new NotCanonicalException();
    }
  }

  private static boolean numeric(byte c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
  }

  /** A text. */
  String string() {
    pass('"');
    int from = at;
    int seen = 0;
    boolean escaped = false;
    while (at < end && bytes[at] != '"') {
      byte c = bytes[at++];
      seen |= c;
      if (c >= 0 && c < 0x20) {
        throw new NotCanonicalException();
      }
      if (c == '\\') {
        escaped = true;
        at++; // whatever follows is looked at below
      }
    }
    int to = at;
    pass('"');
    String text = new String(bytes, from, to - from, StandardCharsets.UTF_8);
    if (seen < 0 && !same(text, from, to)) {
      throw new NotCanonicalException();
    }
    return escaped ? unescaped(text) : text;
  }

  /** Bytes that are no UTF-8, half a pair of surrogates among them, do not come back. */
  private boolean same(String text, int from, int to) {
    byte[] again = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.equals(again, 0, again.length, bytes, from, to);
  }

  private static String unescaped(String text) {
    StringBuilder plain = new StringBuilder(text.length());
    int done = 0;
    for (int i = text.indexOf('\\'); i >= 0; i = text.indexOf('\\', done)) {
      plain.append(text, done, i);
      char c = i + 1 < text.length() ? text.charAt(i + 1) : ' ';
      int known = SHORT.indexOf(c);
      if (known >= 0) {
        plain.append(SHORT_OF.charAt(known));
        done = i + 2;
      } else {
        plain.append(control(text, i));
        done = i + 6;
      }
    }
    return plain.append(text, done, text.length()).toString();
  }

  /** {@code &#92;u00} and two small hex digits, of a control character without a shorter escape. */
  private static char control(String text, int i) {
    if (!text.startsWith("\\u00", i) || i + 6 > text.length()) {
      throw new NotCanonicalException();
    }
    int high = text.charAt(i + 4) - '0';
    int low = "0123456789abcdef".indexOf(text.charAt(i + 5));
    char c = (char) (16 * high + low);
    if (high < 0 || high > 1 || low < 0 || SHORT_OF.indexOf(c) >= 0) {
      throw new NotCanonicalException();
    }
    return c;
  }
}
