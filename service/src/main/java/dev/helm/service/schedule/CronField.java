package dev.helm.service.schedule;

import java.util.BitSet;
import java.util.List;
import java.util.Locale;

/** One of the five fields: stars, numbers, names, ranges, steps and lists of these. */
enum CronField {
  MINUTE("the minute", 0, 59, List.of()),
  HOUR("the hour", 0, 23, List.of()),
  DAY("the day of the month", 1, 31, List.of()),
  MONTH(
      "the month",
      1,
      12,
      List.of("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")),
  /** 7 is Sunday too. */
  WEEKDAY("the day of the week", 0, 7, List.of("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"));

  private final String words;
  private final int min;
  private final int max;
  private final List<String> names;

  CronField(String words, int min, int max, List<String> names) {
    this.words = words;
    this.min = min;
    this.max = max;
    this.names = names;
  }

  /** The last number that is not another's second name. */
  private int last() {
    return this == WEEKDAY ? 6 : max;
  }

  boolean isAll(BitSet set) {
    return set.cardinality() == last() - min + 1;
  }

  BitSet read(String text) throws CronException {
    BitSet set = new BitSet();
    for (String part : text.split(",", -1)) {
      read(part, set);
    }
    return set;
  }

  private void read(String part, BitSet set) throws CronException {
    int slash = part.indexOf('/');
    String range = slash < 0 ? part : part.substring(0, slash);
    int step = slash < 0 ? 1 : step(part, part.substring(slash + 1));
    int dash = range.indexOf('-', 1);
    int from = range.equals("*") ? min : number(dash < 0 ? range : range.substring(0, dash));
    int to = range.equals("*") ? last() : dash < 0 ? from : number(range.substring(dash + 1));
    if (slash >= 0 && !range.equals("*") && dash < 0) {
      throw wrong(part, "write where it ends: " + range + "-" + last() + part.substring(slash));
    }
    if (to < from) {
      throw wrong(part, "a range goes up; two of them stand side by side with a comma");
    }
    for (int number = from; number <= to; number += step) {
      set.set(this == WEEKDAY ? number % 7 : number);
    }
  }

  private int step(String part, String text) throws CronException {
    if (text.matches("[1-9][0-9]?") && Integer.parseInt(text) <= last()) {
      return Integer.parseInt(text);
    }
    throw wrong(part, "a step is a number from 1 to " + last());
  }

  private int number(String text) throws CronException {
    int name = names.indexOf(text.toUpperCase(Locale.ROOT));
    if (name >= 0) {
      return name + min;
    }
    if (text.matches("[0-9]{1,2}")) {
      int number = Integer.parseInt(text);
      if (number >= min && number <= max) {
        return number;
      }
    }
    throw wrong(text, text.equals("?") ? "write * for any" : null);
  }

  private CronException wrong(String found, @org.jspecify.annotations.Nullable String hint) {
    String expected =
        min
            + " to "
            + last()
            + (names.isEmpty() ? "" : ", " + names.getFirst() + " to " + names.getLast());
    return new CronException(
        words + " is " + expected + ", a list, a range or a step of these, found \"" + found + "\"",
        hint);
  }
}
