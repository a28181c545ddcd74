package dev.helm.service.search;

import dev.helm.api.rest.Bodies;
import dev.helm.service.store.Access;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.sqlite.ProgressHandler;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** Reads the index, for so long and no longer. */
final class Searcher implements AutoCloseable {
  private static final int AT_ONCE_MAX = 2;
  private static final int WAIT_MS = 5_000;
  private static final long SEARCH_MS_MAX = 2_000;
  private static final int RUNS_MAX = 500;
  private static final int STEPS_BETWEEN_LOOKS = 2_000;

  /** Words of a snippet; FTS5 allows 64. */
  private static final int SNIPPET_WORDS = 20;

  /** Most characters of a snippet: a word may be long. */
  private static final int SNIPPET_CHARS_MAX = 400;

  private static final char BEGIN = '\u0001';
  private static final char END = '\u0002';
  private static final String HITS =
      "SELECT words.rowid, words.run, runs.name, runs.project, seq, type, agent, at,"
          + " snippet(words, 5, char(1), char(2), '…', "
          + SNIPPET_WORDS
          + ") FROM words JOIN runs ON runs.id = words.run"
          + " WHERE words MATCH ? AND words.rowid < ? ORDER BY words.rowid DESC LIMIT ?";
  private static final String RUNS =
      "SELECT words.run, runs.project FROM words JOIN runs ON runs.id = words.run"
          + " WHERE words MATCH ? ORDER BY words.rowid DESC";

  private final SearchFile file;
  private final long searchMs;

  /** One search for each person, so that nobody's slow ones keep all others waiting. */
  private final Map<String, Turn> turns = new ConcurrentHashMap<>();

  private final Semaphore permits = new Semaphore(AT_ONCE_MAX, true);
  private final ConcurrentLinkedDeque<Connection> idle = new ConcurrentLinkedDeque<>();

  Searcher(SearchFile file) {
    this(file, SEARCH_MS_MAX);
  }

  /** With another limit, for tests. */
  Searcher(SearchFile file, long searchMs) {
    this.file = file;
    this.searchMs = searchMs;
  }

  private interface Query<T> {
    T run(Connection connection) throws SQLException;
  }

  /** A person's one search, and how many of theirs are here. */
  private static final class Turn {
    private final Semaphore permit = new Semaphore(1, true);
    private int here;
  }

  private <T> T read(Access access, Query<T> query) throws SQLException {
    long dueNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MS);
    String who = access.principal();
    Turn turn = Objects.requireNonNull(turns.compute(who, (_, now) -> entered(now)));
    try {
      acquire(turn.permit, dueNs);
      try {
        acquire(permits, dueNs);
        try {
          return read(query);
        } finally {
          permits.release();
        }
      } finally {
        turn.permit.release();
      }
    } finally {
      turns.computeIfPresent(who, (_, now) -> --now.here == 0 ? null : now);
    }
  }

  private static Turn entered(@Nullable Turn now) {
    Turn turn = now == null ? new Turn() : now;
    turn.here++;
    return turn;
  }

  private static void acquire(Semaphore permit, long dueNs) {
    try {
      if (!permit.tryAcquire(dueNs - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        throw new SearchIndex.Busy();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SearchIndex.Busy();
    }
  }

  private <T> T read(Query<T> query) throws SQLException {
    Connection connection = null;
    boolean good = false;
    try {
      connection = idle.pollFirst();
      if (connection == null) {
        connection = file.connect(true);
      }
      long dueNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(searchMs);
      ProgressHandler.setHandler(
          connection,
          STEPS_BETWEEN_LOOKS,
          new ProgressHandler() {
            @Override
            protected int progress() {
              return System.nanoTime() > dueNs ? 1 : 0;
            }
          });
      T found = query.run(connection);
      good = true;
      return found;
    } finally {
      if (good) {
        idle.addFirst(connection);
      } else if (connection != null) {
        connection.close();
      }
    }
  }

  Bodies.SearchResult search(Access access, SearchIndex.Wanted wanted) throws SQLException {
    String expression = Tags.expression(access, wanted.query(), wanted.run(), wanted.types());
    return read(
        access,
        connection -> {
          List<Bodies.SearchHit> hits = new ArrayList<>();
          long last = 0;
          boolean more = false;
          boolean partial = false;
          try (PreparedStatement statement = connection.prepareStatement(HITS)) {
            statement.setString(1, expression);
            statement.setLong(2, wanted.before());
            statement.setInt(3, wanted.limit() + 1);
            try (ResultSet rows = statement.executeQuery()) {
              while (rows.next() && !more) {
                if (hits.size() == wanted.limit()) {
                  more = true;
                } else if (access.sees(rows.getString(4))) {
                  last = rows.getLong(1);
                  hits.add(hit(rows));
                }
              }
            }
          } catch (SQLException e) {
            if (!isOverdue(e)) {
              throw e;
            }
            partial = true;
            more = !hits.isEmpty();
          }
          return new Bodies.SearchResult(hits, more ? SearchCursor.of(last) : null, partial, 0);
        });
  }

  SearchIndex.Runs runs(Access access, SearchQuery query) throws SQLException {
    String expression = Tags.expression(access, query, null, Set.of());
    return read(
        access,
        connection -> {
          Set<String> found = new LinkedHashSet<>();
          boolean partial = false;
          try (PreparedStatement statement = connection.prepareStatement(RUNS)) {
            statement.setString(1, expression);
            try (ResultSet rows = statement.executeQuery()) {
              while (!partial && rows.next()) {
                if (access.sees(rows.getString(2)) && !found.contains(rows.getString(1))) {
                  partial = found.size() == RUNS_MAX;
                  if (!partial) {
                    found.add(rows.getString(1));
                  }
                }
              }
            }
          } catch (SQLException e) {
            if (!isOverdue(e)) {
              throw e;
            }
            partial = true;
          }
          return new SearchIndex.Runs(found, partial);
        });
  }

  private static boolean isOverdue(SQLException e) {
    return e instanceof SQLiteException sqlite
        && sqlite.getResultCode() == SQLiteErrorCode.SQLITE_INTERRUPT;
  }

  private static Bodies.SearchHit hit(ResultSet row) throws SQLException {
    return new Bodies.SearchHit(
        row.getString(2),
        row.getString(3),
        row.getLong(5),
        row.getString(6),
        row.getString(7),
        row.getString(8),
        snippet(row.getString(9)));
  }

  /** Offsets instead of markers, so that no client has to trust a text with markup in it. */
  static Bodies.Snippet snippet(@Nullable String marked) {
    StringBuilder text = new StringBuilder();
    List<Bodies.Mark> marks = new ArrayList<>();
    int from = -1;
    for (int i = 0; marked != null && i < marked.length(); i++) {
      char c = marked.charAt(i);
      if (c == BEGIN) {
        from = text.length();
      } else if (c == END) {
        if (from >= 0) {
          marks.add(new Bodies.Mark(from, text.length()));
        }
        from = -1;
      } else if (text.length() < SNIPPET_CHARS_MAX) {
        text.append(c);
      }
    }
    if (!text.isEmpty() && Character.isHighSurrogate(text.charAt(text.length() - 1))) {
      text.setLength(text.length() - 1);
    }
    int end = text.length();
    marks.removeIf(mark -> mark.end() > end || mark.start() >= mark.end());
    return new Bodies.Snippet(text.toString(), marks);
  }

  @Override
  public void close() {
    for (Connection each = idle.pollFirst(); each != null; each = idle.pollFirst()) {
      try {
        each.close();
      } catch (SQLException e) {
        // It only read.
      }
    }
  }
}
