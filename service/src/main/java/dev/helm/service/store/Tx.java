package dev.helm.service.store;

import dev.helm.activities.store.RunLog.KeyConflictException;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A transaction of the writer, as units of work see it. */
public final class Tx {
  /** What may follow {@code run.finished}. */
  private static final Set<String> AFTER_END =
      Set.of("run.rolledback", "run.forked", "notification.sent", "blob.erased", "budget.charged");

  /** What the guard of the events table says of a key that is there; see schema/001.sql. */
  private static final String KEY_EXISTS = "events: the key exists";

  private static final String INSERT =
      "INSERT INTO events (pos, run, seq, at, type, agent, key, data, prev, hash)"
          + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

  private final Statements sql;
  private final String now;
  private final Projection projection;
  private final Map<String, Head> committedHeads;
  private final Map<String, Head> batchHeads = new HashMap<>();
  private final List<CommitListener.Committed> batchEvents = new ArrayList<>();
  private long pos;

  private final Map<String, Head> unitHeads = new HashMap<>();
  private final List<CommitListener.Committed> unitEvents = new ArrayList<>();
  private final List<Runnable> unitAfter = new ArrayList<>();
  private final List<Runnable> batchAfter = new ArrayList<>();
  private long unitPos;

  Tx(
      Statements sql,
      String now,
      Projection projection,
      Map<String, Head> committedHeads,
      long pos) {
    this.sql = sql;
    this.now = now;
    this.projection = projection;
    this.committedHeads = committedHeads;
    this.pos = pos;
    this.unitPos = pos;
  }

  /** The connection's statements. */
  public Statements sql() {
    return sql;
  }

  /** The time of this transaction, as the log writes it. */
  public String now() {
    return now;
  }

  /** Has something run after the commit, on the writer's thread; it must not block. */
  public void afterCommit(Runnable action) {
    unitAfter.add(action);
  }

  /** Appends facts; see {@link dev.helm.activities.store.RunLog#append}. */
  public List<Long> append(String run, Fact... facts) throws SQLException {
    return append(run, PreparedFact.all(List.of(facts)));
  }

  List<Long> append(String run, List<PreparedFact> facts) throws SQLException {
    List<Long> seqs = new ArrayList<>(facts.size());
    for (PreparedFact fact : facts) {
      seqs.add(append(run, fact));
    }
    return seqs;
  }

  private long append(String run, PreparedFact fact) throws SQLException {
    Head head = head(run);
    if (head.ended() && !AFTER_END.contains(fact.type())) {
      Long known = known(run, fact);
      if (known != null) {
        return known;
      }
      throw new RunEndedException(
          "run " + run + " has ended; " + fact.type() + " may not follow run.finished");
    }
    if (epoch(fact.key()) < head.epoch() && !AFTER_END.contains(fact.type())) {
      Long known = known(run, fact);
      if (known != null) {
        return known;
      }
      throw new RunEndedException(
          "run " + run + " was rolled back; its epoch " + epoch(fact.key()) + " is over");
    }
    try {
      return insert(run, head, fact);
    } catch (SQLException e) {
      // Keys are new but for a retried activity, so the guard's answer is cheaper than a look-up.
      Long known = Failures.reason(e).contains(KEY_EXISTS) ? known(run, fact) : null;
      if (known == null) {
        throw e;
      }
      return known;
    }
  }

  /** Of the workflow that made the key, {@code e<epoch>/…}; other keys belong to no epoch. */
  private static int epoch(String key) {
    int slash = key.indexOf('/');
    if (slash < 2 || slash > 10 || key.charAt(0) != 'e') {
      return Integer.MAX_VALUE;
    }
    for (int i = 1; i < slash; i++) {
      if (key.charAt(i) < '0' || key.charAt(i) > '9') {
        return Integer.MAX_VALUE;
      }
    }
    return Integer.parseInt(key, 1, slash, 10);
  }

  /** Whether the run's log has an event under this key. */
  public boolean has(String run, String key) throws SQLException {
    return sql.number("SELECT 1 FROM events WHERE run = ? AND key = ?", 0, run, key) == 1;
  }

  private @Nullable Long known(String run, PreparedFact fact) throws SQLException {
    return sql.one(
        "SELECT seq, type, agent, data FROM events WHERE run = ? AND key = ?",
        row -> {
          if (row.getString(2).equals(fact.type())
              && row.getString(3).equals(fact.agent())
              && row.getString(4).equals(fact.data())) {
            return row.getLong(1);
          }
          throw new KeyConflictException(
              "run %s has the key \"%s\" with a %s of other content than this %s"
                  .formatted(run, fact.key(), row.getString(2), fact.type()));
        },
        run,
        fact.key());
  }

  private long insert(String run, Head head, PreparedFact fact) throws SQLException {
    long seq = head.seq() + 1;
    String at = now.compareTo(head.at()) < 0 ? head.at() : now;
    String hash = EventJson.hash(run, seq, at, fact.type(), fact.agent(), fact.data(), head.hash());
    long next = pos + 1;
    sql.update(
        INSERT,
        next,
        run,
        seq,
        at,
        fact.type(),
        fact.agent(),
        fact.key(),
        fact.data(),
        head.hash(),
        hash);
    pos = next;
    unitHeads.put(
        run,
        new Head(
            seq, hash, at, ended(head, fact.type()), epoch(head, fact.event()), head.project()));
    unitEvents.add(
        new CommitListener.Committed(
            next,
            run,
            head.project(),
            seq,
            fact.type(),
            EventJson.wire(
                run, seq, at, fact.type(), fact.agent(), fact.data(), head.hash(), hash)));
    projection.apply(sql, new Projection.Place(run, seq, next, at, fact.agent()), fact.event());
    return seq;
  }

  private static int epoch(Head before, RunEvent event) {
    return event instanceof RunEvent.RunRolledback back ? back.epoch() : before.epoch();
  }

  private static boolean ended(Head before, String type) {
    return type.equals("run.finished") || (before.ended() && !type.equals("run.rolledback"));
  }

  private Head head(String run) throws SQLException {
    Head head = unitHeads.get(run);
    if (head == null) {
      head = batchHeads.get(run);
    }
    if (head == null) {
      head = committedHeads.get(run);
    }
    return head == null ? readHead(run) : head;
  }

  private Head readHead(String run) throws SQLException {
    Head empty =
        sql.one(
            "SELECT epoch, project FROM runs WHERE id = ?",
            row -> Head.empty(row.getInt(1), row.getString(2)),
            run);
    if (empty == null) {
      throw new IllegalArgumentException("there is no run " + run);
    }
    boolean ended =
        sql.number(
                "SELECT max(seq) FILTER (WHERE type = 'run.finished')"
                    + " > coalesce(max(seq) FILTER (WHERE type = 'run.rolledback'), 0)"
                    + " FROM events WHERE run = ?",
                0,
                run)
            == 1;
    Head head =
        sql.one(
            "SELECT seq, hash, at FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1",
            row ->
                new Head(
                    row.getLong(1),
                    row.getString(2),
                    row.getString(3),
                    ended,
                    empty.epoch(),
                    empty.project()),
            run);
    return head == null ? empty : head;
  }

  /** Another chain has this end; what lies outside the database is told of it. */
  void head(String chain, Head head) {
    unitHeads.put(chain, head);
  }

  void unitDone() {
    batchHeads.putAll(unitHeads);
    batchEvents.addAll(unitEvents);
    batchAfter.addAll(unitAfter);
    unitPos = pos;
    unitHeads.clear();
    unitEvents.clear();
    unitAfter.clear();
  }

  void unitUndone() {
    pos = unitPos;
    unitHeads.clear();
    unitEvents.clear();
    unitAfter.clear();
  }

  Map<String, Head> heads() {
    return batchHeads;
  }

  List<CommitListener.Committed> events() {
    return batchEvents;
  }

  List<Runnable> after() {
    return batchAfter;
  }

  long pos() {
    return pos;
  }
}
