package dev.helm.service.audit;

import dev.helm.service.auth.Caller;
import dev.helm.service.store.AuditStore;
import dev.helm.service.store.Times;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Bounds what refused requests leave in the audit log. The first of a kind (person, method, path,
 * status) in a minute has its entry at once; repetitions are counted and told in one entry when the
 * minute is over. Attack: a script that is refused all day fills the disk.
 */
final class Refusals {
  /** Most kinds of one person in one minute with an entry each; all further ones are counted. */
  static final int KINDS_PER_MINUTE_MAX = 20;

  /** Most people whose refusals are told in one minute. */
  private static final int PEOPLE_MAX = 10_000;

  private static final String OTHERS = "others";

  private final Clock clock;
  private final Map<String, Map<String, Kind>> people = new HashMap<>();
  private long minute;

  Refusals(Clock clock) {
    this.clock = clock;
  }

  /** A kind of refusal of one person, and how often it came again. */
  private static final class Kind {
    final String who;
    final Map<String, Object> data;
    long more;

    Kind(String who, Map<String, Object> data) {
      this.who = who;
      this.data = data;
    }
  }

  /** The entry to write now, or null when it is only counted. */
  synchronized AuditStore.@Nullable Entry refused(Caller caller, Map<String, Object> data) {
    Map<String, Kind> kinds = people.get(caller.userId());
    if (kinds == null && people.size() >= PEOPLE_MAX) {
      return null;
    }
    kinds = people.computeIfAbsent(caller.userId(), _ -> new LinkedHashMap<>());
    String name = data.get("method") + " " + data.get("status") + " " + data.get("path");
    Kind kind = kinds.get(name);
    if (kind == null && kinds.size() < KINDS_PER_MINUTE_MAX) {
      kinds.put(name, new Kind(caller.name(), same(data)));
      return entry(caller.name(), data);
    }
    if (kind == null) {
      kind =
          kinds.computeIfAbsent(
              OTHERS, _ -> new Kind(caller.name(), Map.of("by", caller.userId(), "path", "*")));
    }
    kind.more++;
    return null;
  }

  /** What was counted in a minute that is over. */
  synchronized List<AuditStore.Entry> over() {
    long now = clock.millis() / 60_000;
    return now == minute ? List.of() : closed(now);
  }

  /** What was counted until now. */
  synchronized List<AuditStore.Entry> all() {
    return closed(clock.millis() / 60_000);
  }

  private List<AuditStore.Entry> closed(long now) {
    List<AuditStore.Entry> told = new ArrayList<>();
    String since = Times.text(Instant.ofEpochMilli(minute * 60_000));
    for (Map<String, Kind> kinds : people.values()) {
      for (Kind kind : kinds.values()) {
        if (kind.more > 0) {
          Map<String, Object> data = new LinkedHashMap<>(kind.data);
          data.put("moreTimes", kind.more);
          data.put("minute", since);
          told.add(entry(kind.who, data));
        }
      }
    }
    people.clear();
    minute = now;
    return told;
  }

  /** What is the same in all refusals of the kind. */
  private static Map<String, Object> same(Map<String, Object> data) {
    Map<String, Object> same = new LinkedHashMap<>();
    for (String name : List.of("by", "method", "path", "run", "status")) {
      Object value = data.get(name);
      if (value != null) {
        same.put(name, value);
      }
    }
    return same;
  }

  private static AuditStore.Entry entry(String who, Map<String, Object> data) {
    return new AuditStore.Entry(AuditStore.Type.REFUSED, "refused/" + UUID.randomUUID(), who, data);
  }
}
