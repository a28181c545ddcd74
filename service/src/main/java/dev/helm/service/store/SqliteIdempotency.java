package dev.helm.service.store;

import dev.helm.activities.store.RunLog;
import dev.helm.api.Role;
import dev.helm.api.RunId;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Answers by key. A claim of an earlier life of the service that was never answered is free. */
final class SqliteIdempotency implements IdempotencyStore {
  private static final Duration KEPT = Duration.ofHours(24);

  /** More than requests can be at work when the log goes away. */
  private static final int RELEASED_MAX = 10_000;

  private final LogWriter writer;
  private final Clock clock;
  private final String life = RunId.random().value();

  /** Keys that were given back while the log was away, which still says that they are claimed. */
  private final Set<Key> released = ConcurrentHashMap.newKeySet();

  SqliteIdempotency(LogWriter writer, Clock clock) {
    this.writer = writer;
    this.clock = clock;
  }

  private record Row(
      String bodySha256,
      String life,
      @Nullable Integer status,
      @Nullable String contentType,
      @Nullable String body,
      List<Need> needs) {}

  @Override
  public Claim begin(Key key, String bodySha256) {
    boolean free = released.remove(key);
    try {
      return begin(key, bodySha256, free);
    } catch (RuntimeException e) {
      if (free) {
        release(key);
      }
      throw e;
    }
  }

  private Claim begin(Key key, String bodySha256, boolean free) {
    long now = clock.millis();
    return writer.write(
        tx -> {
          tx.sql().update("DELETE FROM idempotency WHERE created_ms < ?", now - KEPT.toMillis());
          Row row = row(tx.sql(), key);
          if (row != null && !row.bodySha256().equals(bodySha256)) {
            return new Claim.OtherBody();
          }
          if (row != null && row.status() != null) {
            return new Claim.Replay(
                row.status(), row.contentType(), row.body() == null ? "" : row.body(), row.needs());
          }
          if (row != null && row.life().equals(life) && !free) {
            return new Claim.InProgress();
          }
          tx.sql()
              .update(
                  "INSERT OR REPLACE INTO idempotency"
                      + " (person, path, key, body_sha256, life, created_ms)"
                      + " VALUES (?, ?, ?, ?, ?, ?)",
                  key.person(),
                  key.path(),
                  key.key(),
                  bodySha256,
                  life,
                  now);
          return new Claim.Fresh();
        });
  }

  private static @Nullable Row row(Statements sql, Key key) throws java.sql.SQLException {
    return sql.one(
        "SELECT body_sha256, life, status, content_type, body, project, role FROM idempotency"
            + " WHERE person = ? AND path = ? AND key = ?",
        row -> {
          int number = row.getInt(3);
          Integer status = row.wasNull() ? null : number;
          String project = row.getString(6);
          return new Row(
              row.getString(1),
              row.getString(2),
              status,
              row.getString(4),
              row.getString(5),
              project == null ? List.of() : needs(project, row.getString(7)));
        },
        key.person(),
        key.path(),
        key.key());
  }

  /** Each project of the one column has its role in the other, a line each. */
  private static List<Need> needs(String projects, String roles) {
    List<String> project = projects.lines().toList();
    List<String> role = roles.lines().toList();
    return IntStream.range(0, project.size())
        .mapToObj(i -> new Need(project.get(i), Role.of(role.get(i))))
        .toList();
  }

  private static String lines(List<Need> needs, Function<Need, String> part) {
    return needs.stream().map(part).collect(Collectors.joining("\n"));
  }

  @Override
  public void finish(
      Key key, int status, @Nullable String contentType, String body, List<Need> needs) {
    writer.write(
        tx ->
            tx.sql()
                .update(
                    "UPDATE idempotency SET status = ?, content_type = ?, body = ?,"
                        + " project = ?, role = ?"
                        + " WHERE person = ? AND path = ? AND key = ? AND status IS NULL",
                    status,
                    contentType,
                    body,
                    needs.isEmpty() ? null : lines(needs, Need::project),
                    needs.isEmpty() ? null : lines(needs, need -> need.role().word()),
                    key.person(),
                    key.path(),
                    key.key()));
  }

  @Override
  public void abandon(Key key) {
    try {
      writer.write(
          tx ->
              tx.sql()
                  .update(
                      "DELETE FROM idempotency"
                          + " WHERE person = ? AND path = ? AND key = ? AND status IS NULL",
                      key.person(),
                      key.path(),
                      key.key()));
    } catch (RunLog.LogUnavailableException e) {
      release(key);
    }
  }

  private void release(Key key) {
    if (released.size() < RELEASED_MAX) {
      released.add(key);
    }
  }
}
