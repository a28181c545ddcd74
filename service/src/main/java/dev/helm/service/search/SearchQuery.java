package dev.helm.service.search;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What somebody looks for: words that must all be there, {@code "several in this order"}, and
 * {@code beginnings*}. Nothing else has a meaning; a word with other characters in it, like {@code
 * report.csv}, is its parts in this order.
 *
 * @param terms at least one
 */
public record SearchQuery(List<Term> terms) {
  /** Longest text. */
  public static final int CHARS_MAX = 200;

  /** Most words and phrases. */
  public static final int TERMS_MAX = 16;

  private static final int PREFIX_CHARS_MIN = 2;

  /** Scripts from here on write a word with one or two characters. */
  private static final int SHORT_WORDS_FROM = 0x2e80;

  /** Checks that there is something to look for. */
  public SearchQuery {
    terms = List.copyOf(terms);
    if (terms.isEmpty() || terms.size() > TERMS_MAX) {
      throw new IllegalArgumentException("a search has 1 to " + TERMS_MAX + " words");
    }
  }

  /**
   * A word or a phrase.
   *
   * @param beginning whether its last word may go on
   */
  public record Term(String text, boolean beginning) {}

  /**
   * Reads what somebody typed; a quote that is not closed reaches to the end.
   *
   * @throws IllegalArgumentException with words for people, if there is nothing to look for
   */
  public static SearchQuery parse(String typed) {
    if (typed.length() > CHARS_MAX) {
      throw new IllegalArgumentException("expected at most " + CHARS_MAX + " characters");
    }
    List<Term> terms = new ArrayList<>();
    int at = 0;
    while (at < typed.length()) {
      char c = typed.charAt(at);
      if (Character.isWhitespace(c)) {
        at++;
        continue;
      }
      boolean quoted = c == '"';
      int from = quoted ? at + 1 : at;
      int to = from;
      while (to < typed.length() && !ends(typed.charAt(to), quoted)) {
        to++;
      }
      at = quoted ? Math.min(to + 1, typed.length()) : to;
      boolean star = quoted && at < typed.length() && typed.charAt(at) == '*';
      if (star) {
        at++;
      }
      add(terms, typed.substring(from, to), star);
    }
    if (terms.isEmpty()) {
      throw new IllegalArgumentException("expected a word with a letter or a digit");
    }
    if (terms.size() > TERMS_MAX) {
      throw new IllegalArgumentException("expected at most " + TERMS_MAX + " words");
    }
    return new SearchQuery(terms);
  }

  private static boolean ends(char c, boolean quoted) {
    return c == '"' || (!quoted && Character.isWhitespace(c));
  }

  private static void add(List<Term> terms, String text, boolean star) {
    String word = text;
    boolean beginning = star;
    if (!star && word.endsWith("*")) {
      word = word.substring(0, word.length() - 1);
      beginning = true;
    }
    word = word.replace('\0', ' ');
    if (word.codePoints().noneMatch(Character::isLetterOrDigit)) {
      return;
    }
    int last = word.codePointBefore(word.length());
    if (beginning && !Character.isLetterOrDigit(last)) {
      beginning = false;
    }
    if (beginning && lastWordChars(word) < PREFIX_CHARS_MIN && last < SHORT_WORDS_FROM) {
      throw new IllegalArgumentException(
          "expected at least " + PREFIX_CHARS_MIN + " letters before *");
    }
    terms.add(new Term(word, beginning));
  }

  private static int lastWordChars(String text) {
    int chars = 0;
    for (int i = text.length();
        i > 0 && Character.isLetterOrDigit(text.codePointBefore(i));
        i -= Character.charCount(text.codePointBefore(i))) {
      chars++;
    }
    return chars;
  }

  /** The expression of FTS5: strings only, so that nothing that was typed is an operator. */
  String expression() {
    return terms.stream()
        .map(term -> string(term.text()) + (term.beginning() ? " *" : ""))
        .collect(Collectors.joining(" AND "));
  }

  static String string(String text) {
    return '"' + text.replace("\"", "\"\"") + '"';
  }
}
