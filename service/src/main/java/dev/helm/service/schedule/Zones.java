package dev.helm.service.schedule;

import java.time.ZoneId;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Time zones that a schedule may name: places, since an offset knows no summer time. */
public final class Zones {
  private static final Set<String> NAMES =
      ZoneId.getAvailableZoneIds().stream()
          .filter(name -> name.contains("/") && !name.startsWith("SystemV/"))
          .collect(Collectors.toCollection(TreeSet::new));

  static {
    NAMES.add("UTC");
  }

  private Zones() {}

  /** Whether there is such a zone. */
  public static boolean known(String name) {
    return NAMES.contains(name);
  }

  /** What to say to somebody who wrote an offset or its short name; null for anything else. */
  public static @Nullable String hint(String name) {
    return name.matches("(UTC|GMT|Z)?[+-].*|[A-Z]{3,4}")
        ? "an offset or its short name does not follow summer time: name the place"
        : null;
  }

  /** All of them. */
  public static Set<String> names() {
    return Set.copyOf(NAMES);
  }
}
