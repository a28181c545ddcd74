package dev.helm.service.blueprint;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A YAML or JSON document whose every part still knows where it stood. */
sealed interface Tree {
  /** Where the node begins. */
  Pos at();

  /** The node in words, for "expected …, found …". */
  String described();

  /**
   * A place in the source.
   *
   * @param line from 1
   * @param column from 1
   * @param index characters before it
   */
  record Pos(int line, int column, int index) {}

  /** What a scalar is. */
  enum Kind {
    TEXT,
    NUMBER,
    BOOL,
    NOTHING
  }

  /** Members in source order; a repeated name is still there twice. */
  record Obj(Pos at, List<Member> members) implements Tree {
    @Override
    public String described() {
      return "a group of members";
    }

    @Nullable Tree get(String name) {
      for (Member member : members) {
        if (member.name().equals(name)) {
          return member.value();
        }
      }
      return null;
    }
  }

  /** A named part of an {@link Obj}. */
  record Member(Pos at, String name, Tree value) {}

  /** A list. */
  record Arr(Pos at, List<Tree> items) implements Tree {
    @Override
    public String described() {
      return "a list";
    }
  }

  /** A single value; numbers keep their source text so that money stays exact. */
  record Scalar(Pos at, String text, Kind kind) implements Tree {
    @Override
    public String described() {
      String shown = text.length() > 40 ? text.substring(0, 40) + "…" : text;
      return switch (kind) {
        case TEXT -> "\"" + shown.replace("\n", "\\n") + "\"";
        case NUMBER -> "the number " + shown;
        case BOOL -> shown;
        case NOTHING -> "nothing";
      };
    }
  }

  /** The node as plain Java values: maps, lists, strings, exact numbers, booleans, null. */
  static @Nullable Object plain(Tree tree) {
    return switch (tree) {
      case Obj obj -> plainMap(obj);
      case Arr arr -> {
        List<@Nullable Object> items = new ArrayList<>();
        arr.items().forEach(item -> items.add(plain(item)));
        yield items;
      }
      case Scalar scalar ->
          switch (scalar.kind()) {
            case TEXT -> scalar.text();
            case BOOL -> scalar.text().equalsIgnoreCase("true");
            case NOTHING -> null;
            case NUMBER -> number(scalar.text());
          };
    };
  }

  /** The members as a plain map. */
  static Map<String, @Nullable Object> plainMap(Obj obj) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    obj.members().forEach(member -> map.put(member.name(), plain(member.value())));
    return map;
  }

  private static Number number(String text) {
    BigDecimal exact = new BigDecimal(text);
    boolean whole = text.chars().allMatch(c -> c == '-' || (c >= '0' && c <= '9'));
    if (whole && exact.precision() <= 18) {
      return exact.longValueExact();
    }
    return exact;
  }
}
