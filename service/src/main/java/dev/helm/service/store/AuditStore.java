package dev.helm.service.store;

import dev.helm.api.event.LoggedEvent;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who logged in, looked, decided and changed: one chain of events for the whole installation, of
 * the form of a run's, whose run is {@code audit}.
 */
public interface AuditStore {
  /** What happened. */
  enum Type {
    LOGGED_IN("login.succeeded"),
    NOT_LET_IN("login.failed"),
    REFRESHED("session.refreshed"),
    LOOKED("content.read"),
    ASKED("change.asked"),
    DECIDED("decision.made"),
    CHANGED("change.made"),
    REFUSED("change.refused");

    private final String word;

    Type(String word) {
      this.word = word;
    }

    /** The event's type as the wire has it. */
    public String word() {
      return word;
    }
  }

  /**
   * An entry.
   *
   * @param key the same key is written once
   * @param who name of the person or the program, or what was given as such
   * @param data texts, without secrets
   */
  record Entry(Type type, String key, String who, Map<String, Object> data) {}

  /**
   * Appends an entry and waits until it is on disk.
   *
   * @throws dev.helm.activities.store.RunLog.LogUnavailableException when it could not be stored
   */
  void append(Entry entry);

  /**
   * Which entries.
   *
   * @param before the newest before this seq, or 0 for the oldest after {@code after}
   * @param who name of who did it, or empty for everybody
   * @param actions words of types, or none for all
   */
  record Wanted(long after, long before, String who, Set<String> actions, int limit) {
    public Wanted {
      actions = Set.copyOf(actions);
    }
  }

  /** Entries that are like that, oldest first. */
  List<LoggedEvent> page(Wanted wanted);

  /** Appends an entry in a transaction of other work. */
  void append(Tx tx, Entry entry) throws SQLException;

  /** Entries after a seq, oldest first. */
  default List<LoggedEvent> page(long afterSeq, int limit) {
    return page(new Wanted(afterSeq, 0, "", Set.of(), limit));
  }

  /** Told of the newest seq after each commit, on the writer's thread; it must not block. */
  void onAppend(java.util.function.LongConsumer listener);
}
