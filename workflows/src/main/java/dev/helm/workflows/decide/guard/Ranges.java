package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;

/** Character sets of {@code tr} and lists of {@code cut}. */
final class Ranges {
  private static final int CHARS_MAX = 1_000;

  private Ranges() {}

  /** {@code a-z} written out. */
  static String expand(String set) {
    String named =
        set.replace("[:lower:]", "a-z")
            .replace("[:upper:]", "A-Z")
            .replace("[:digit:]", "0-9")
            .replace("[:alpha:]", "A-Za-z")
            .replace("[:alnum:]", "A-Za-z0-9")
            .replace("[:space:]", " \t\n")
            .replace("[:blank:]", " \t");
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < named.length() && out.length() < CHARS_MAX; i++) {
      char c = named.charAt(i);
      if (i + 2 < named.length() && named.charAt(i + 1) == '-' && named.charAt(i + 2) >= c) {
        for (int d = c; d <= named.charAt(i + 2) && out.length() < CHARS_MAX; d++) {
          out.append((char) d);
        }
        i += 2;
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  /** The parts that {@code 1,3-5} names. */
  static List<String> pick(List<String> parts, String list) {
    List<String> picked = new ArrayList<>();
    for (String range : list.split(",")) {
      String[] ends = range.split("-", 2);
      int from = number(ends[0], 1);
      int to = ends.length < 2 ? from : number(ends[1], parts.size());
      for (int i = Math.max(1, from); i <= Math.min(to, parts.size()); i++) {
        picked.add(parts.get(i - 1));
      }
    }
    return picked;
  }

  private static int number(String text, int otherwise) {
    return text.matches("\\d{1,6}") ? Integer.parseInt(text) : otherwise;
  }
}
