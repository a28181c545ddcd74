package dev.helm.api.blueprint;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Copies that cannot be changed and keep their order; what an older version lacks is empty. */
final class Kept {
  private Kept() {}

  static <T> List<T> list(@Nullable List<T> list) {
    return list == null ? List.of() : List.copyOf(list);
  }

  /** Map.copyOf would give another order in each process, and with it another prompt. */
  static <K, V> Map<K, V> map(@Nullable Map<K, V> map) {
    return map == null || map.isEmpty()
        ? Map.of()
        : Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }
}
