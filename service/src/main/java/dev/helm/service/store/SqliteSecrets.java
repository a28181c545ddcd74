package dev.helm.service.store;

import dev.helm.activities.secret.Scrubber;
import dev.helm.api.Secret;
import dev.helm.api.rest.SecretBodies;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Secrets in a table, each sealed with the key in {@code keys/secrets.key}. */
final class SqliteSecrets implements SecretStore {
  private static final Logger LOG = LoggerFactory.getLogger(SqliteSecrets.class);
  private static final long USE_NOTED_EVERY_MS = 60_000;
  private static final int RETIRED_MAX = 1_000;

  private final LogWriter writer;
  private final ReadPool reads;
  private final Clock clock;
  private final Seal seal;
  private final Map<String, Long> usedMs = new ConcurrentHashMap<>();
  private final Map<String, Known> scrubbers = new ConcurrentHashMap<>();

  /** Counts changes: a scrubber that was made before one is made anew. */
  private final AtomicLong changes = new AtomicLong();

  /** Values that were set, replaced or removed in this life: programs may still hold them. */
  private final Deque<Hidden> retired = new ArrayDeque<>();

  /** What secrets were changed for; the same lock guards both. */
  private final Deque<Hidden> tokens = new ArrayDeque<>();

  SqliteSecrets(LogWriter writer, ReadPool reads, Clock clock, Seal seal) {
    this.writer = writer;
    this.reads = reads;
    this.clock = clock;
    this.seal = seal;
  }

  private record Known(long change, Scrubber scrubber) {}

  private record Hidden(String project, String name, Secret value, long untilMs) {}

  private record Row(String name, long version, byte[] sealed) {}

  @Override
  public @Nullable Secret get(String project, String name) {
    Row row = row(project, name);
    if (row == null) {
      return null;
    }
    Secret value = seal.open(row.sealed(), project, name, row.version());
    noteUse(project, name);
    return value;
  }

  @Override
  public boolean has(String project, String name) {
    return row(project, name) != null;
  }

  private @Nullable Row row(String project, String name) {
    return reads.read(
        sql ->
            sql.one(
                "SELECT name, version, sealed FROM secrets"
                    + " WHERE project = ? AND name = ? AND sealed IS NOT NULL",
                SqliteSecrets::sealed,
                project,
                name));
  }

  private void noteUse(String project, String name) {
    long now = clock.millis();
    Long before = usedMs.put(project + "/" + name, now);
    if (before != null && now - before < USE_NOTED_EVERY_MS) {
      usedMs.put(project + "/" + name, before);
      return;
    }
    try {
      writer.write(
          tx ->
              tx.sql()
                  .update(
                      "UPDATE secrets SET used_at = ? WHERE project = ? AND name = ?",
                      tx.now(),
                      project,
                      name));
    } catch (RuntimeException e) {
      LOG.warn("that a secret was used could not be noted: {}", e.toString());
    }
  }

  @Override
  public Scrubber scrubber(String project) {
    long change = changes.get();
    Known known = scrubbers.get(project);
    if (known != null && known.change() == change) {
      return known.scrubber();
    }
    Map<String, List<Secret>> values = new HashMap<>();
    for (Row row : rows(project)) {
      try {
        add(values, row.name(), seal.open(row.sealed(), project, row.name(), row.version()));
      } catch (UnreadableException e) {
        // Nobody can read it, so nobody can show it.
        LOG.warn("{}", e.getMessage());
      }
    }
    synchronized (retired) {
      Stream.concat(retired.stream(), tokens.stream())
          .filter(old -> old.project().equals(project))
          .forEach(old -> add(values, old.name(), old.value()));
    }
    Scrubber scrubber = Scrubber.of(values);
    scrubbers.put(project, new Known(change, scrubber));
    return scrubber;
  }

  private static void add(Map<String, List<Secret>> values, String name, Secret value) {
    List<Secret> known = values.computeIfAbsent(name, any -> new ArrayList<>());
    if (known.stream().noneMatch(each -> each.reveal().equals(value.reveal()))) {
      known.add(value);
    }
  }

  private List<Row> rows(String project) {
    return reads.read(
        sql ->
            sql.list(
                "SELECT name, version, sealed FROM secrets"
                    + " WHERE project = ? AND sealed IS NOT NULL ORDER BY name",
                SqliteSecrets::sealed,
                project));
  }

  @Override
  public SecretBodies.SecretInfo set(String project, String name, Secret value, String by) {
    // Before it is written: from then on it is used, and the value before it is in no row.
    retire(project, name, valueOrNull(project, name));
    retire(project, name, value);
    return Objects.requireNonNull(
        writer.change(
            tx -> {
              refuseTooMany(tx, project, name);
              long version = 1 + version(tx, project, name);
              tx.sql()
                  .update(
                      "INSERT INTO secrets (project, name, version, sealed, by_name, at)"
                          + " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (project, name) DO UPDATE"
                          + " SET version = excluded.version, sealed = excluded.sealed,"
                          + " by_name = excluded.by_name, at = excluded.at",
                      project,
                      name,
                      version,
                      seal.close(value, project, name, version),
                      by,
                      tx.now());
              return Objects.requireNonNull(
                  tx.sql()
                      .one(
                          INFO + " AND project = ? AND name = ?",
                          SqliteSecrets::info,
                          project,
                          name));
            }));
  }

  @Override
  public boolean remove(String project, String name, String by) {
    retire(project, name, valueOrNull(project, name));
    return writer.change(
        tx ->
            tx.sql()
                    .update(
                        "UPDATE secrets SET version = version + 1, sealed = NULL,"
                            + " by_name = ?, at = ?"
                            + " WHERE project = ? AND name = ? AND sealed IS NOT NULL",
                        by,
                        tx.now(),
                        project,
                        name)
                == 1);
  }

  private @Nullable Secret valueOrNull(String project, String name) {
    Row row = row(project, name);
    try {
      return row == null ? null : seal.open(row.sealed(), project, name, row.version());
    } catch (UnreadableException e) {
      return null;
    }
  }

  private void retire(String project, String name, @Nullable Secret value) {
    if (value != null) {
      keep(retired, new Hidden(project, name, value, Long.MAX_VALUE));
    }
  }

  @Override
  public void hide(String project, String name, Secret value, long untilMs) {
    synchronized (retired) {
      tokens.removeIf(token -> token.untilMs() < clock.millis());
    }
    keep(tokens, new Hidden(project, name, value, untilMs));
  }

  private void keep(Deque<Hidden> values, Hidden value) {
    synchronized (retired) {
      values.removeIf(
          old ->
              old.project().equals(value.project())
                  && old.value().reveal().equals(value.value().reveal()));
      values.addLast(value);
      if (values.size() > RETIRED_MAX) {
        values.removeFirst();
      }
    }
    changes.incrementAndGet();
  }

  private static void refuseTooMany(Tx tx, String project, String name) throws SQLException {
    long others =
        tx.sql()
            .number(
                "SELECT count(*) FROM secrets"
                    + " WHERE project = ? AND name <> ? AND sealed IS NOT NULL",
                0,
                project,
                name);
    if (others >= OF_PROJECT_MAX) {
      throw new TooManyException();
    }
  }

  private static long version(Tx tx, String project, String name) throws SQLException {
    return tx.sql()
        .number("SELECT version FROM secrets WHERE project = ? AND name = ?", 0, project, name);
  }

  private static final String INFO =
      "SELECT project, name, version, by_name, at, used_at FROM secrets WHERE sealed IS NOT NULL";

  @Override
  public List<SecretBodies.SecretInfo> list(Access access) {
    return reads
        .read(sql -> sql.list(INFO + " ORDER BY project, name", SqliteSecrets::info))
        .stream()
        .filter(info -> access.sees(info.project()))
        .toList();
  }

  private static SecretBodies.SecretInfo info(ResultSet row) throws SQLException {
    return new SecretBodies.SecretInfo(
        row.getString(1),
        row.getString(2),
        row.getLong(3),
        row.getString(4),
        row.getString(5),
        row.getString(6));
  }

  private static Row sealed(ResultSet row) throws SQLException {
    return new Row(row.getString(1), row.getLong(2), row.getBytes(3));
  }
}
