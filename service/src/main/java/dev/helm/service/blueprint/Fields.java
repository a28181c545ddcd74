package dev.helm.service.blueprint;

import dev.helm.api.Usd;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the members of one group by type. A wrong one is written to the mistakes and the default
 * stands in, so that reading goes on and tells the other mistakes too.
 */
final class Fields {
  private static final Pattern DURATION = Pattern.compile("([1-9][0-9]{0,8})([smh])");
  private static final Pattern MEMORY = Pattern.compile("([1-9][0-9]{0,6})([mg])");

  private final Tree.Obj obj;
  private final String path;
  private final Mistakes mistakes;

  private Fields(Tree.Obj obj, String path, Mistakes mistakes) {
    this.obj = obj;
    this.path = path;
    this.mistakes = mistakes;
  }

  /**
   * The group, with unknown, repeated and later names already refused.
   *
   * @param later names whose feature comes later, each with what it is called
   */
  static Fields of(
      Tree.Obj obj, String path, List<String> known, Map<String, String> later, Mistakes mistakes) {
    Fields fields = new Fields(obj, path, mistakes);
    List<String> words = new ArrayList<>(known);
    words.addAll(later.keySet());
    Set<String> seen = new HashSet<>();
    for (Tree.Member member : obj.members()) {
      String name = member.name();
      String where = fields.at(name);
      String laterName = later.get(name);
      if (!seen.add(name)) {
        mistakes.add(
            member.at(), where, "\"" + name + "\" stands here a second time", "keep one of them");
      } else if (laterName != null) {
        mistakes.notYet(member.at(), where, laterName);
      } else if (!known.contains(name)) {
        mistakes.add(
            member.at(),
            where,
            "there is no \"" + name + "\" here; expected one of " + String.join(", ", known),
            Nearest.hint(name, words));
      }
    }
    return fields;
  }

  /** A group whose members' names the blueprint chooses and somebody else checks. */
  static Fields loose(Tree.Obj obj, String path, Mistakes mistakes) {
    return new Fields(obj, path, mistakes);
  }

  /** The path of a member. */
  String at(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /** Where a member stands; where it is missing, the group itself. */
  Tree.Pos posOf(String name) {
    Tree value = obj.get(name);
    return value == null ? obj.at() : value.at();
  }

  /** Where an entry of a group stands. */
  Tree.Pos posOf(String section, String entry) {
    if (obj.get(section) instanceof Tree.Obj group) {
      for (Tree.Member member : group.members()) {
        if (member.name().equals(entry)) {
          return member.at();
        }
      }
    }
    return posOf(section);
  }

  @Nullable Tree get(String name) {
    return obj.get(name);
  }

  /** A member that is a group, or null when it is not there or is wrong. */
  Tree.@Nullable Obj group(String name) {
    Tree value = obj.get(name);
    if (value instanceof Tree.Obj group) {
      return group;
    }
    if (value != null) {
      expected(value, at(name), "a group of members");
    }
    return null;
  }

  /** A member that is text of at most {@code charsMax} characters. */
  @Nullable String text(String name, int charsMax) {
    Tree value = obj.get(name);
    return value == null ? null : text(value, at(name), charsMax);
  }

  private @Nullable String text(Tree value, String where, int charsMax) {
    if (value instanceof Tree.Scalar scalar && scalar.kind() == Tree.Kind.TEXT) {
      if (scalar.text().length() <= charsMax) {
        return scalar.text();
      }
      mistakes.add(value.at(), where, "longer than " + charsMax + " characters");
      return null;
    }
    boolean quotable = value instanceof Tree.Scalar scalar && scalar.kind() != Tree.Kind.NOTHING;
    mistakes.add(
        value.at(),
        where,
        "expected text, found " + value.described(),
        quotable ? "put it in quotes" : null);
    return null;
  }

  /** A member that is text and fits the pattern; {@code shape} says it in words. */
  @Nullable String word(String name, Pattern pattern, String shape) {
    String text = text(name, 200);
    if (text != null && !pattern.matcher(text).matches()) {
      mistakes.add(posOf(name), at(name), "expected " + shape + ", found \"" + text + "\"");
      return null;
    }
    return text;
  }

  /** A whole number within bounds. */
  int whole(String name, int min, int max, int otherwise) {
    Tree value = obj.get(name);
    if (value == null) {
      return otherwise;
    }
    Integer whole = whole(value, at(name), min, max);
    return whole == null ? otherwise : whole;
  }

  private @Nullable Integer whole(Tree value, String where, int min, int max) {
    String expected = "a whole number from " + min + " to " + max;
    if (value instanceof Tree.Scalar scalar
        && scalar.kind() == Tree.Kind.NUMBER
        && scalar.text().length() < 12
        && scalar.text().chars().allMatch(c -> c == '-' || (c >= '0' && c <= '9'))) {
      long number = Long.parseLong(scalar.text());
      if (number >= min && number <= max) {
        return (int) number;
      }
    }
    expected(value, where, expected);
    return null;
  }

  /** Thousandths of a decimal number, at least 0.1. */
  int thousandths(String name, int max, int otherwise) {
    Tree value = obj.get(name);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Tree.Scalar scalar && scalar.kind() == Tree.Kind.NUMBER) {
      BigDecimal milli = new BigDecimal(scalar.text()).movePointRight(3);
      if (milli.compareTo(BigDecimal.valueOf(100)) >= 0
          && milli.compareTo(BigDecimal.valueOf(max)) <= 0
          && milli.stripTrailingZeros().scale() <= 0) {
        return milli.intValueExact();
      }
    }
    expected(
        value, at(name), "a number from 0.1 to " + max / 1000 + " with at most three decimals");
    return otherwise;
  }

  /** True or false. */
  boolean flag(String name, boolean otherwise) {
    Tree value = obj.get(name);
    if (value instanceof Tree.Scalar scalar && scalar.kind() == Tree.Kind.BOOL) {
      return scalar.text().equalsIgnoreCase("true");
    }
    if (value != null) {
      expected(value, at(name), "true or false");
    }
    return otherwise;
  }

  /** Whole numbers, ascending. */
  List<Integer> ascending(String name, int min, int max, int mostItems, List<Integer> otherwise) {
    Tree.Arr list = list(name, mostItems);
    if (list == null) {
      return otherwise;
    }
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < list.items().size(); i++) {
      Integer number = whole(list.items().get(i), at(name) + "[" + i + "]", min, max);
      if (number != null && !numbers.isEmpty() && numbers.getLast() >= number) {
        mistakes.add(
            list.items().get(i).at(),
            at(name) + "[" + i + "]",
            "expected ascending numbers, found " + number + " after " + numbers.getLast());
      } else if (number != null) {
        numbers.add(number);
      }
    }
    return numbers;
  }

  /** An amount above zero, exact to the micro-dollar. */
  Usd dollars(String name, Usd max, Usd otherwise) {
    Tree value = obj.get(name);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Tree.Scalar scalar
        && (scalar.kind() == Tree.Kind.NUMBER || scalar.kind() == Tree.Kind.TEXT)) {
      try {
        Usd amount = Usd.parse(scalar.text());
        if (amount.compareTo(Usd.ZERO) > 0 && amount.compareTo(max) <= 0) {
          return amount;
        }
      } catch (IllegalArgumentException e) {
        // Told below, with what was expected.
      }
    }
    expected(
        value,
        at(name),
        "an amount of US dollars above 0 and up to "
            + max.micros() / 1_000_000
            + ", with at most six decimals, such as 5.00");
    return otherwise;
  }

  /** A duration such as {@code 30s}, {@code 5m}, {@code 8h}, in milliseconds. */
  long durationMs(String name, long minMs, long maxMs, long otherwiseMs) {
    Tree value = obj.get(name);
    if (value == null) {
      return otherwiseMs;
    }
    if (value instanceof Tree.Scalar scalar) {
      Matcher matcher = DURATION.matcher(scalar.text());
      if (matcher.matches()) {
        long unitMs =
            switch (matcher.group(2)) {
              case "s" -> 1000;
              case "m" -> 60_000;
              default -> 3_600_000;
            };
        long ms = Long.parseLong(matcher.group(1)) * unitMs;
        if (ms >= minMs && ms <= maxMs) {
          return ms;
        }
      }
    }
    expected(
        value,
        at(name),
        "a duration such as 30s, 5m or 8h, from "
            + minMs / 1000
            + "s to "
            + (maxMs < 3_600_000 ? maxMs / 60_000 + "m" : maxMs / 3_600_000 + "h"));
    return otherwiseMs;
  }

  /** A size such as {@code 512m} or {@code 1g}, in bytes. */
  long memoryBytes(String name, long minBytes, long maxBytes, long otherwiseBytes) {
    Tree value = obj.get(name);
    if (value == null) {
      return otherwiseBytes;
    }
    if (value instanceof Tree.Scalar scalar) {
      Matcher matcher = MEMORY.matcher(scalar.text());
      if (matcher.matches()) {
        long bytes = Long.parseLong(matcher.group(1)) << (matcher.group(2).equals("m") ? 20 : 30);
        if (bytes >= minBytes && bytes <= maxBytes) {
          return bytes;
        }
      }
    }
    expected(
        value,
        at(name),
        "a size such as 512m or 1g, from " + (minBytes >> 20) + "m to " + (maxBytes >> 30) + "g");
    return otherwiseBytes;
  }

  /** The groups of a list of groups; the others are left out. */
  List<Tree.Obj> groups(String name, int mostItems) {
    Tree.Arr list = list(name, mostItems);
    List<Tree.Obj> groups = new ArrayList<>();
    for (int i = 0; list != null && i < list.items().size(); i++) {
      if (list.items().get(i) instanceof Tree.Obj group) {
        groups.add(group);
      } else {
        expected(list.items().get(i), at(name) + "[" + i + "]", "a group of members");
      }
    }
    return groups;
  }

  /** The scalars of a list of different texts, each with its place; wrong ones are left out. */
  List<Tree.Scalar> texts(String name, int mostItems, int charsMax) {
    return texts(name, mostItems, charsMax, true);
  }

  /** The same; whether a text may stand there twice. */
  List<Tree.Scalar> texts(String name, int mostItems, int charsMax, boolean different) {
    Tree.Arr list = list(name, mostItems);
    List<Tree.Scalar> texts = new ArrayList<>();
    if (list == null) {
      return texts;
    }
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < list.items().size(); i++) {
      Tree item = list.items().get(i);
      String where = at(name) + "[" + i + "]";
      String text = text(item, where, charsMax);
      if (text != null && different && !seen.add(text)) {
        mistakes.add(item.at(), where, "\"" + text + "\" stands here a second time");
      } else if (text != null && item instanceof Tree.Scalar scalar) {
        texts.add(scalar);
      }
    }
    return texts;
  }

  private Tree.@Nullable Arr list(String name, int mostItems) {
    Tree value = obj.get(name);
    if (value == null) {
      return null;
    }
    if (!(value instanceof Tree.Arr list)) {
      expected(value, at(name), "a list such as [a, b]");
      return null;
    }
    if (list.items().size() > mostItems) {
      mistakes.add(value.at(), at(name), "more than " + mostItems + " entries");
      return null;
    }
    return list;
  }

  private void expected(Tree value, String where, String expected) {
    mistakes.add(value.at(), where, "expected " + expected + ", found " + value.described());
  }
}
