package dev.helm.service.schedule;

import java.time.ZoneId;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

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

  /** All of them. */
  public static Set<String> names() {
    return Set.copyOf(NAMES);
  }
}
