package dev.helm.activities.model;

import dev.helm.api.event.WellFormed;

/** Foreign error text, bounded, for people. */
final class Words {
  private static final int CHARS_MAX = 500;

  private Words() {}

  static String of(String foreign) {
    String text = WellFormed.text(foreign).strip();
    return text.length() > CHARS_MAX ? text.substring(0, CHARS_MAX) + " …" : text;
  }
}
