package dev.helm.service.audit;

import dev.helm.activities.store.RunLog;
import dev.helm.api.RunId;
import dev.helm.service.auth.Caller;
import dev.helm.service.store.AuditStore;
import dev.helm.service.store.Change;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Times;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes the audit log. A change is written before it is begun, else it is refused. A full disk
 * keeps nobody from looking: looks and log-ins wait in memory then, and are written as soon as the
 * log takes entries again.
 */
public final class AuditTrail {
  /** Most entries that wait; beyond, looking is refused too. */
  public static final int WAITING_MAX = 10_000;

  /** Most log-ins that failed in one minute with an entry each; further ones are counted. */
  public static final int FAILED_PER_MINUTE_MAX = 60;

  private static final int TEXT_CHARS_MAX = 300;
  private static final int LOOKS_KNOWN_MAX = 20_000;

  private final AuditStore store;
  private final RunQueries runs;
  private final Clock clock;
  private final Set<String> looks =
      Collections.synchronizedSet(
          Collections.newSetFromMap(
              new LinkedHashMap<>() {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                  return size() > LOOKS_KNOWN_MAX;
                }
              }));
  private final Deque<AuditStore.Entry> waiting = new ArrayDeque<>();
  private final Refusals refusals;
  private long minute;
  private int failed;
  private long untold;

  /** Over its store, with what knows the runs. */
  public AuditTrail(AuditStore store, RunQueries runs, Clock clock) {
    this.store = store;
    this.runs = runs;
    this.clock = clock;
    this.refusals = new Refusals(clock);
  }

  /** Somebody has logged in, or refreshed a session. */
  public void loggedIn(
      boolean refreshed, String name, String id, @Nullable String device, String address) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("by", id);
    put(data, "device", device);
    data.put("address", address);
    soon(
        new AuditStore.Entry(
            refreshed ? AuditStore.Type.REFRESHED : AuditStore.Type.LOGGED_IN,
            key("login"),
            name,
            data));
  }

  /** Somebody was not let in. */
  public void notLetIn(String name, String address, String reason) {
    long more;
    synchronized (this) {
      long now = clock.millis() / 60_000;
      failed = now == minute ? failed + 1 : 1;
      minute = now;
      if (failed > FAILED_PER_MINUTE_MAX) {
        // Attack: log-ins that fail fill the disk.
        untold++;
        return;
      }
      more = untold;
      untold = 0;
    }
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("address", address);
    data.put("reason", reason);
    if (more > 0) {
      data.put("moreBefore", more);
    }
    soon(new AuditStore.Entry(AuditStore.Type.NOT_LET_IN, key("login"), cut(name), data));
  }

  /**
   * Somebody follows a run, or {@code *}; what is not seen is not told, or anybody could fill it.
   */
  public void follows(Caller caller, String id) {
    if (id.equals("*")) {
      looked(caller, "runs", "stream", "");
    } else if (RunId.isPrefix(id)
        && runs.resolve(caller.access(), id) instanceof RunQueries.Resolved.One one) {
      looked(caller, one.run(), "stream", "");
    }
  }

  /** The full id of a run that the caller sees, else what was given. */
  public String run(Caller caller, String id) {
    return runs.resolve(caller.access(), id) instanceof RunQueries.Resolved.One one
        ? one.run()
        : cut(id);
  }

  /** Somebody reads content: once for each person, object and hour. */
  public void looked(Caller caller, String object, String what, String address) {
    over();
    long hour = clock.millis() / 3_600_000;
    String look = "look/" + caller.userId() + "/" + hour + "/" + object + "/" + what;
    if (looks.contains(look)) {
      return;
    }
    Map<String, Object> data = who(caller, address);
    data.put("object", cut(object));
    data.put("what", cut(what));
    soon(new AuditStore.Entry(AuditStore.Type.LOOKED, look, caller.name(), data));
    looks.add(look);
  }

  /**
   * Somebody asks for a change, which is told with it or before it.
   *
   * @param type what it is when it is made
   * @param key of the request; the same key is written once
   * @param more what is asked for, without secrets
   * @param stops whether it stops work, which is done even while nothing can be written
   */
  public Change asked(
      Caller caller,
      AuditStore.Type type,
      String key,
      Map<String, Object> more,
      String address,
      boolean stops) {
    Map<String, Object> data = who(caller, address);
    data.putAll(more);
    var made = new AuditStore.Entry(type, "change/" + key, caller.name(), data);
    var asked = new AuditStore.Entry(AuditStore.Type.ASKED, "asked/" + key, caller.name(), data);
    return new Change(
        tx -> store.append(tx, made),
        () -> {
          if (stops) {
            soon(asked);
          } else {
            flush();
            store.append(asked);
          }
        },
        (member, text) -> data.put(member, cut(text)));
  }

  /** A request was refused; many alike leave one entry and a count. */
  public void refused(Caller caller, Map<String, Object> more, String address) {
    over();
    Map<String, Object> data = who(caller, address);
    data.putAll(more);
    AuditStore.Entry entry = refusals.refused(caller, data);
    if (entry != null) {
      soon(entry);
    }
  }

  /** Tells of refusals that were counted in a minute that is over. */
  public void over() {
    refusals.over().forEach(this::soon);
  }

  /** Tells of all that was counted. */
  public void close() {
    refusals.all().forEach(this::soon);
  }

  /**
   * What came of it. That it was asked stands in the log, so this may wait for a full disk.
   *
   * @param key the same key is written once
   * @param more what was asked for, without secrets
   */
  public void ended(
      Caller caller, AuditStore.Type type, String key, Map<String, Object> more, String address) {
    Map<String, Object> data = who(caller, address);
    data.putAll(more);
    soon(new AuditStore.Entry(type, key, caller.name(), data));
  }

  private static Map<String, Object> who(Caller caller, String address) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("by", caller.userId());
    put(data, "device", caller.device());
    data.put("address", address);
    return data;
  }

  private void soon(AuditStore.Entry entry) {
    try {
      flush();
      store.append(entry);
    } catch (RunLog.LogUnavailableException e) {
      synchronized (waiting) {
        if (waiting.size() >= WAITING_MAX) {
          throw e;
        }
        Map<String, Object> data = new LinkedHashMap<>(entry.data());
        data.put("happenedAt", Times.text(clock.instant()));
        waiting.add(new AuditStore.Entry(entry.type(), entry.key(), entry.who(), data));
      }
    }
  }

  /**
   * Writes what waits.
   *
   * @throws RunLog.LogUnavailableException when the log still takes nothing
   */
  public void flush() {
    synchronized (waiting) {
      for (AuditStore.Entry next = waiting.peek(); next != null; next = waiting.peek()) {
        store.append(next);
        waiting.remove();
      }
    }
  }

  private static void put(Map<String, Object> data, String name, @Nullable String value) {
    if (value != null) {
      data.put(name, value);
    }
  }

  private static String key(String kind) {
    return kind + "/" + UUID.randomUUID();
  }

  /** Text of strangers in a length that the log can take. */
  public static String cut(String text) {
    return text.length() <= TEXT_CHARS_MAX ? text : text.substring(0, TEXT_CHARS_MAX - 1) + "…";
  }
}
