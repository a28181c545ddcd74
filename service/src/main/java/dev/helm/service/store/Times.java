package dev.helm.service.store;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Times as the log writes them. */
public final class Times {
  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private Times() {}

  /** UTC with exactly three decimals and {@code Z}, so that texts sort as times do. */
  public static String text(Instant at) {
    return MILLIS.format(at);
  }
}
