package dev.helm.workflows.decide.guard;

import org.jspecify.annotations.Nullable;

/** {@code $((…))}: sums of constants; what else there is has digits that are not known. */
final class Arithmetic {
  private final String text;
  private final State state;
  private int i;

  private Arithmetic(String text, State state) {
    this.text = text;
    this.state = state;
  }

  static String value(String raw, State state, Expander expander) {
    String text = expander.text(raw.replace("'", "").replace("\"", ""));
    if (text.length() > 200 || !text.matches("[\\w\\s+*/%()#-]*")) {
      return "1";
    }
    try {
      Arithmetic arithmetic = new Arithmetic(text.replaceAll("\\s", ""), state);
      Long value = arithmetic.sum();
      // Whatever the number is, it is one: it hides no word.
      return value == null || arithmetic.i < arithmetic.text.length() ? "1" : value.toString();
    } catch (ArithmeticException | NumberFormatException | StackOverflowError e) {
      return "1";
    }
  }

  private char at() {
    return i < text.length() ? text.charAt(i) : '\0';
  }

  private @Nullable Long sum() {
    Long left = product();
    while (left != null && (at() == '+' || at() == '-')) {
      char operator = text.charAt(i++);
      Long right = product();
      left =
          right == null
              ? null
              : operator == '+' ? Long.valueOf(left + right) : Long.valueOf(left - right);
    }
    return left;
  }

  private @Nullable Long product() {
    Long left = atom();
    while (left != null && (at() == '*' || at() == '/' || at() == '%')) {
      char operator = text.charAt(i++);
      Long right = atom();
      if (right == null) {
        return null;
      }
      left = operator == '*' ? left * right : operator == '/' ? left / right : left % right;
    }
    return left;
  }

  private @Nullable Long atom() {
    int from = i;
    if (at() == '(') {
      i++;
      Long inside = sum();
      i++;
      return inside;
    }
    if (at() == '-' || at() == '+') {
      boolean minus = text.charAt(i++) == '-';
      Long inside = atom();
      return inside == null ? null : minus ? Long.valueOf(-inside) : inside;
    }
    while (Character.isLetterOrDigit(at()) || at() == '_' || at() == '#') {
      i++;
    }
    String word = text.substring(from, i);
    if (word.isEmpty()) {
      return null;
    }
    if (Character.isDigit(word.charAt(0))) {
      return number(word);
    }
    String value = state.value(word);
    return value != null && value.matches("-?\\d{1,15}") ? Long.valueOf(value) : null;
  }

  private static Long number(String word) {
    int base = word.indexOf('#');
    if (base > 0) {
      int radix = Integer.parseInt(word.substring(0, base));
      return radix < 2 || radix > 36
          ? 1L
          : Long.valueOf(Long.parseLong(word.substring(base + 1), radix));
    }
    if (word.startsWith("0x") || word.startsWith("0X")) {
      return Long.parseLong(word.substring(2), 16);
    }
    return word.length() > 1 && word.startsWith("0")
        ? Long.parseLong(word, 8)
        : Long.parseLong(word);
  }
}
