package dev.helm.service.ledger;

import java.util.Locale;

/** For how long a cap counts. */
public enum Period {
  DAY,
  MONTH,
  TOTAL;

  /** As the wire and the tables have it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The period of a word of {@link #word}. */
  static Period of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }

  /** Label of the period that holds a day, as the tables have it; empty for {@link #TOTAL}. */
  String start(String day) {
    return switch (this) {
      case DAY -> day;
      case MONTH -> day.substring(0, 7);
      case TOTAL -> "";
    };
  }
}
