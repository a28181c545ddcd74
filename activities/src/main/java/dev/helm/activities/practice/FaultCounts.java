package dev.helm.activities.practice;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts in memory how often each fault was played for each state of a conversation. */
final class FaultCounts {
  private static final int ENTRIES_CAP = 20_000;

  private final Map<String, Integer> counts =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
          return size() > ENTRIES_CAP;
        }
      };

  /** The first fault that is not used up, counted as played; null when none is left. */
  synchronized Scenario.@Nullable Fault take(
      String conversation, String step, List<Scenario.Fault> faults) {
    for (int i = 0; i < faults.size(); i++) {
      String key = conversation + "/" + step + "/" + i;
      int used = counts.getOrDefault(key, 0);
      if (used < faults.get(i).times()) {
        counts.put(key, used + 1);
        return faults.get(i);
      }
    }
    return null;
  }
}
