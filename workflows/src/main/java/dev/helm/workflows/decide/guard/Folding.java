package dev.helm.workflows.decide.guard;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns what scripts compute of constants into the constant, so that it can be read. */
final class Folding {
  private static final int CHARS_MAX = 20_000;
  private static final int ROUNDS_MAX = 4;

  /** A string literal: its quote and its inside. */
  static final String LITERAL =
      "[bBrRuUfF]{0,2}(?:\"((?:[^\"\\\\\\n]|\\\\.){0,4000})\"|'((?:[^'\\\\\\n]|\\\\.){0,4000})')";

  private static final Pattern BASE64 =
      Pattern.compile(
          "(?:[\\w.:]+|__import__\\(['\"]base64['\"]\\))?\\.?(?:b64decode|urlsafe_b64decode|decodebytes|atob|decode64|strict_decode64|base64_decode|decode_base64|Buffer\\.from|base64decode)\\s*\\(\\s*"
              + LITERAL
              + "\\s*(?:,\\s*['\"]base64['\"])?\\s*\\)(?:\\.(?:decode|toString)\\([^)]*\\))?");
  private static final Pattern HEX =
      Pattern.compile(
          "(?:[\\w.]+\\.)?(?:fromhex|unhexlify|hex2bin|Buffer\\.from)\\s*\\(\\s*"
              + LITERAL
              + "\\s*(?:,\\s*['\"]hex['\"])?\\s*\\)(?:\\.(?:decode|toString)\\([^)]*\\))?");
  private static final Pattern PACK =
      Pattern.compile("pack\\s*\\(?\\s*['\"]H\\*['\"]\\s*,\\s*" + LITERAL + "\\s*\\)?");
  private static final Pattern REVERSED =
      Pattern.compile(
          LITERAL
              + "(?:\\[::-1\\]|\\.reverse\\b|\\.split\\((?:''|\"\")\\)\\.reverse\\(\\)\\.join\\((?:''|\"\")\\))|(?:strrev|scalar reverse|reverse)\\s*\\(?"
              + LITERAL
              + "\\)?");
  private static final Pattern CODES =
      Pattern.compile(
          "(?:''|\"\")\\.join\\(\\s*(?:map\\(chr,\\s*\\[([\\d,\\s]+)\\]\\)|\\[?chr\\(\\w+\\) for \\w+ in [\\[(]([\\d,\\s]+)[\\])]\\]?)\\s*\\)|(?:String\\.fromCharCode|string\\.char|bytes)\\(\\[?([\\d,\\s]+)\\]?\\)(?:\\.decode\\([^)]*\\))?");
  private static final Pattern CHR = Pattern.compile("\\bchr\\((\\d{1,3})\\)");
  private static final Pattern ROT13 =
      Pattern.compile(
          "(?:codecs\\.)?(?:decode|encode)\\(\\s*"
              + LITERAL
              + "\\s*,\\s*['\"]rot_?13['\"]\\s*\\)|str_rot13\\(\\s*"
              + LITERAL
              + "\\s*\\)");
  private static final Pattern JOINED =
      Pattern.compile(LITERAL + "\\s*(?:\\+|\\.\\.?(?![a-zA-Z]))\\s*" + LITERAL);
  private static final Pattern FORMAT =
      Pattern.compile(
          "\\(?"
              + LITERAL
              + "\\)?\\s*(?:[:.]format\\(\\s*|%\\s*\\(?\\s*)"
              + LITERAL
              + "(?:\\s*,?\\s*\\))?");
  private static final Pattern ADJACENT = Pattern.compile(LITERAL + "[ \\t]+" + LITERAL);
  private static final String ELEMENT =
      "\\s*(?:\"(?:[^\"\\\\\\n]|\\\\.){0,400}\"|'(?:[^'\\\\\\n]|\\\\.){0,400}')\\s*";
  private static final Pattern LIST =
      Pattern.compile(
          ""
              + LITERAL
              + "\\.join\\(\\s*[\\[(]((?:"
              + ELEMENT
              + ",?){1,60})[\\])]\\s*\\)|\\[((?:"
              + ELEMENT
              + ",?){1,60})\\]\\.join(?:\\(\\s*"
              + LITERAL
              + "\\s*\\)|\\b(?!\\())");

  private Folding() {}

  /** With what the script calls things by other names written out too, see {@link Names}. */
  static String fold(String code, String language, List<String> arguments, State state) {
    String folded = code;
    for (int round = 0; round < ROUNDS_MAX && folded.length() <= CHARS_MAX; round++) {
      String before = folded;
      folded = Names.resolve(adjacent(fold(folded), language), language, arguments, state);
      if (folded.equals(before)) {
        break;
      }
    }
    return fold(folded);
  }

  /** Two strings side by side are one. */
  private static String adjacent(String code, String language) {
    String text = code;
    if (language.matches("awk|python|pypy")) {
      for (int i = 0; i < 40; i++) {
        String joined = replace(ADJACENT, text, m -> inside(m, 1) + inside(m, 3));
        if (joined.equals(text)) {
          break;
        }
        text = joined;
      }
    }
    return text;
  }

  static String fold(String code) {
    if (code.length() > CHARS_MAX) {
      return code;
    }
    String folded = code;
    for (int round = 0; round < ROUNDS_MAX; round++) {
      String before = folded;
      folded = replace(BASE64, folded, m -> decoded(inside(m, 1)));
      folded = replace(HEX, folded, m -> Decoders.hex(inside(m, 1).replaceAll("[^0-9a-fA-F]", "")));
      folded =
          replace(PACK, folded, m -> Decoders.hex(inside(m, 1).replaceAll("[^0-9a-fA-F]", "")));
      folded =
          replace(
              REVERSED,
              folded,
              m ->
                  new StringBuilder(inside(m, m.group(1) == null && m.group(2) == null ? 3 : 1))
                      .reverse()
                      .toString());
      folded = replace(CODES, folded, Folding::codes);
      folded = replace(CHR, folded, m -> Character.toString(Integer.parseInt(m.group(1))));
      folded =
          replace(
              ROT13,
              folded,
              m -> rot13(inside(m, m.group(1) == null && m.group(2) == null ? 3 : 1)));
      folded = replace(FORMAT, folded, m -> formatted(inside(m, 1), inside(m, 3)));
      folded = replace(LIST, folded, Folding::elements);
      for (int i = 0; i < 40; i++) {
        String joined = replace(JOINED, folded, m -> inside(m, 1) + inside(m, 3));
        if (joined.equals(folded)) {
          break;
        }
        folded = joined;
      }
      if (folded.equals(before) || folded.length() > CHARS_MAX) {
        break;
      }
    }
    return folded;
  }

  /** A literal's inside, whichever quote it has. */
  static String inside(MatchResult match, int group) {
    String first = match.group(group);
    String text = first != null ? first : match.group(group + 1);
    return text == null ? "" : Escapes.ansi(text, true);
  }

  private static String decoded(String packed) {
    try {
      return Marks.clean(
          new String(Base64.getMimeDecoder().decode(packed), StandardCharsets.ISO_8859_1));
    } catch (IllegalArgumentException e) {
      return String.valueOf(Marks.DECODED);
    }
  }

  private static String codes(MatchResult match) {
    StringBuilder out = new StringBuilder();
    for (int group = 1; group <= 3; group++) {
      String list = match.group(group);
      if (list != null) {
        for (String code : list.split("[,\\s]+")) {
          if (code.matches("\\d{1,3}")) {
            out.append((char) Integer.parseInt(code));
          }
        }
      }
    }
    return out.toString();
  }

  /** The first hole of a format is filled. */
  private static String formatted(String format, String value) {
    return format.replaceFirst("%[sd]|\\{\\d?\\}", Matcher.quoteReplacement(value));
  }

  private static String elements(MatchResult match) {
    Matcher element =
        Pattern.compile(LITERAL)
            .matcher(String.valueOf(match.group(3) != null ? match.group(3) : match.group(4)));
    java.util.StringJoiner out =
        new java.util.StringJoiner(inside(match, match.group(3) != null ? 1 : 5));
    while (element.find()) {
      out.add(inside(element.toMatchResult(), 1));
    }
    return out.toString();
  }

  private static String rot13(String text) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      char base = Character.isUpperCase(c) ? 'A' : 'a';
      boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
      out.append(letter ? (char) ((c - base + 13) % 26 + base) : c);
    }
    return out.toString();
  }

  private static String replace(Pattern pattern, String text, Function<MatchResult, String> with) {
    Matcher matcher = pattern.matcher(text);
    StringBuilder out = new StringBuilder();
    while (matcher.find()) {
      String value = with.apply(matcher.toMatchResult());
      String quoted =
          "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'";
      matcher.appendReplacement(out, Matcher.quoteReplacement(quoted));
    }
    return matcher.appendTail(out).toString();
  }
}
