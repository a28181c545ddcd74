package dev.helm.service.store;

import dev.helm.activities.store.Blobs;
import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Makes a run's tables anew from its log, in memory, and compares them with those that people read.
 * Attack: who can write the database changes what cards and lists show, and leaves the log alone.
 */
final class TableCheck {
  /** Longest log whose tables are made anew. */
  static final long EVENTS_MAX = 1_000_000;

  /** Most differences that are told one by one. */
  static final int TOLD_MAX = 20;

  private static final int PAGE = 500;
  private static final String RULES_PATH = "/api/rules/";

  /** Such a log is read for seconds: one at a time, and no connection is held meanwhile. */
  private static final Semaphore ONE = new Semaphore(1, true);

  /** What a table shows of a run; what does not come from the log is not among the columns. */
  private record Table(String name, String run, String key, List<String> columns) {
    String select(String where) {
      return "SELECT "
          + key
          + ", "
          + String.join(", ", columns)
          + " FROM "
          + name
          + " WHERE "
          + run
          + " = ?"
          + where;
    }
  }

  private static final List<Table> TABLES =
      List.of(
          table(
              "runs",
              "id",
              "id",
              "name project by_name blueprint blueprint_version practice input prompt epoch status"
                  + " waiting_for waiting_since reason cap_micros spent_micros input_tokens"
                  + " output_tokens created_at started_at finished_at idle_ms"),
          table(
              "asks",
              "run",
              "id",
              "kind project seq asked_at deadline otherwise item agent state decision by_name device"
                  + " answer outcome closed_at"),
          table(
              "messages",
              "run",
              "id",
              "seq project by_name text wanted state queued_at read_at_turn"),
          table(
              "calls",
              "run",
              "tool_use_id",
              "seq agent tool arguments arguments_hash object turn edited"),
          table(
              "remembered",
              "run",
              "id",
              "scope blueprint project rule permission by_name remembered_at expires_ms revoked_by"
                  + " revoked_at"),
          table(
              "snapshots",
              "run",
              "seq || ' ' || kind",
              "id tree at tool_use_id files bytes changed"),
          table("subagents", "run", "agent", "seq tools prompt outcome"));

  private final ReadPool reads;
  private final Blobs blobs;
  private final String run;
  private final Projection projection = new Projection();
  private final List<String> found = new ArrayList<>();
  private boolean promptErased;
  private long seq;

  private TableCheck(ReadPool reads, Blobs blobs, String run) {
    this.reads = reads;
    this.blobs = blobs;
    this.run = run;
  }

  private static Table table(String name, String run, String key, String columns) {
    return new Table(name, run, key, List.of(columns.split(" ")));
  }

  /** What differs, and the event up to which the log was read; 0 for a log that is too long. */
  static BundleStore.Tables of(ReadPool reads, Blobs blobs, String run) {
    ONE.acquireUninterruptibly();
    try (Connection memory = DriverManager.getConnection("jdbc:sqlite::memory:");
        Statements anew = new Statements(memory)) {
      memory.setAutoCommit(false);
      return new TableCheck(reads, blobs, run).compare(anew);
    } catch (SQLException e) {
      throw new StoreException("the tables cannot be made anew: " + Failures.text(e), e);
    } finally {
      ONE.release();
    }
  }

  private BundleStore.Tables compare(Statements anew) throws SQLException {
    Database.schema(anew);
    // Only what a projection reads is put in; this copy of the log has gaps.
    anew.update("DROP TRIGGER events_append_only");
    boolean more = true;
    while (more) {
      more = take(anew, reads.read(this::page));
      if (seq > EVENTS_MAX) {
        return new BundleStore.Tables(0, List.of());
      }
    }
    reads.read(
        live -> {
          live.update("BEGIN");
          try {
            // What was appended since is few, and seen together with its tables.
            while (take(anew, page(live))) {
              continue;
            }
            revoke(anew, live);
            for (Table table : TABLES) {
              compare(table, anew, live);
            }
            return 0;
          } finally {
            live.update("COMMIT");
          }
        });
    return new BundleStore.Tables(seq, found.stream().limit(TOLD_MAX).toList());
  }

  // ---- the log -----------------------------------------------------------------------------

  private record Entry(Projection.Place place, String type, String data) {}

  private List<Entry> page(Statements live) throws SQLException {
    return live.list(
        "SELECT seq, pos, at, agent, type, CASE WHEN type = 'tool.output' THEN '{}' ELSE data END"
            + " FROM events WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",
        row ->
            new Entry(
                new Projection.Place(
                    run, row.getLong(1), row.getLong(2), row.getString(3), row.getString(4)),
                row.getString(5),
                row.getString(6)),
        run,
        seq,
        PAGE);
  }

  /** Whether there may be more. */
  private boolean take(Statements anew, List<Entry> entries) throws SQLException {
    for (Entry entry : entries) {
      seq = entry.place().seq();
      if (!entry.type().equals("tool.output")) {
        take(anew, entry);
      }
    }
    return entries.size() == PAGE;
  }

  private void take(Statements anew, Entry entry) {
    try {
      RunEvent event = HelmJson.event(entry.type(), EventJson.tree(entry.data()));
      if (event instanceof RunEvent.RunCreated created) {
        create(anew, entry.place(), created);
      }
      if (event instanceof RunEvent.PermissionDecided) {
        keep(anew, entry);
      }
      projection.apply(anew, entry.place(), event);
    } catch (SQLException | RuntimeException e) {
      // A log that was changed is told by its chain; an export of it is made all the same.
      found.add("event " + seq + " cannot be read again: " + e.getClass().getSimpleName());
    }
  }

  /** What a rollback looks up in the log. */
  private void keep(Statements anew, Entry entry) throws SQLException {
    anew.update(
        "INSERT INTO events (pos, run, seq, at, type, agent, key, data, prev, hash)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        entry.place().pos(),
        run,
        seq,
        entry.place().at(),
        entry.type(),
        entry.place().agent(),
        String.valueOf(seq),
        entry.data(),
        "0".repeat(64),
        "0".repeat(64));
  }

  private void create(Statements anew, Projection.Place place, RunEvent.RunCreated e)
      throws SQLException {
    int version = e.blueprint().lastIndexOf('@');
    Content prompt = e.prompt();
    promptErased = prompt != null && erased(prompt);
    anew.update(
        "INSERT INTO runs (id, n, name, project, principal, by_name, blueprint, blueprint_version,"
            + " practice, input, prompt, epoch, status, cap_micros, created_at)"
            + " VALUES (?, 1, ?, ?, '', ?, ?, ?, ?, ?, ?, 1, 'queued', ?, ?)",
        run,
        e.name(),
        e.project(),
        e.by(),
        e.blueprint().substring(0, version),
        Integer.parseInt(e.blueprint().substring(version + 1)),
        e.practice(),
        erased(e.input()) ? "" : canonical(blobs.text(e.input())),
        prompt == null ? null : blobs.text(prompt),
        e.budgetUsd() == null ? 0 : e.budgetUsd().micros(),
        place.at());
  }

  private boolean erased(Content content) {
    return content instanceof Content.BlobRef ref && blobs.get(ref.sha256()) == null;
  }

  private static String canonical(String json) {
    return CanonicalJson.write(EventJson.tree(json));
  }

  /**
   * Who took a rule back, and that it is taken back, stands in the audit log. Attack: a rule that
   * somebody took back is made to hold again.
   */
  private void revoke(Statements anew, Statements live) throws SQLException {
    record Revoked(String id, String by, String at) {}
    if (anew.number("SELECT count(*) FROM remembered", 0) == 0) {
      return;
    }
    for (Revoked revoked :
        live.list(
            "SELECT substr(data ->> '$.path', length(?1) + 1), agent, at FROM audit"
                + " WHERE type = 'change.made' AND data ->> '$.method' = 'DELETE'"
                + " AND substr(data ->> '$.path', 1, length(?1)) = ?1 ORDER BY seq",
            row -> new Revoked(row.getString(1), row.getString(2), row.getString(3)),
            RULES_PATH)) {
      // The first to take it back did; a rollback is one of them.
      anew.update(
          "UPDATE remembered SET revoked_at = ?1, revoked_by = ?2"
              + " WHERE id = ?3 AND (revoked_at IS NULL OR revoked_at > ?1)",
          revoked.at(),
          revoked.by(),
          id(revoked.id()));
    }
  }

  /** Of {@code /api/rules/ID;x=y/}, which REST takes as the same, the id. */
  private static String id(String path) {
    int end = 0;
    while (end < path.length() && path.charAt(end) != '/' && path.charAt(end) != ';') {
      end++;
    }
    return path.substring(0, end);
  }

  // ---- the tables --------------------------------------------------------------------------

  private void compare(Table table, Statements anew, Statements live) throws SQLException {
    List<Boolean> known = live.list(table.select(""), row -> compare(table, anew, row), run);
    long rows =
        anew.number(
            "SELECT count(*) FROM " + table.name() + " WHERE " + table.run() + " = ?", 0, run);
    long lacking = rows - known.stream().filter(Boolean::booleanValue).count();
    if (lacking > 0) {
      found.add(table.name() + ": " + lacking + " rows are missing that the log has");
    }
  }

  /** Whether the log has such a row. */
  private boolean compare(Table table, Statements anew, ResultSet row) throws SQLException {
    String key = row.getString(1);
    List<String> wrong =
        anew.one(
            table.select(" AND " + table.key() + " = ?"),
            made -> differing(table, made, row),
            run,
            key);
    if (wrong == null) {
      found.add(table.name() + ": the log has no " + key);
      return false;
    }
    if (!wrong.isEmpty()) {
      String which = table.key().equals(table.run()) ? "" : " of " + key;
      found.add(table.name() + which + ": not what the log says: " + String.join(", ", wrong));
    }
    return true;
  }

  private List<String> differing(Table table, ResultSet made, ResultSet row) throws SQLException {
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < table.columns().size(); i++) {
      String column = table.columns().get(i);
      if (!same(table.name() + "." + column, made.getString(i + 2), row.getString(i + 2))) {
        wrong.add(column);
      }
    }
    return wrong;
  }

  private boolean same(String column, @Nullable String made, @Nullable String shown) {
    return switch (column) {
      // Erased content is nowhere to compare with; only its hash is in the log.
      case "runs.prompt" -> promptErased || Objects.equals(made, shown);
      case "runs.input" -> Objects.equals(made, "") || Objects.equals(made, canonicalOr(shown));
      // The audit log's clock never goes back, the table's may.
      case "remembered.revoked_at" -> (made == null) == (shown == null);
      case "asks.item" -> Objects.equals(made, shown) || sameMembers(made, shown);
      default -> Objects.equals(made, shown);
    };
  }

  /** What was shown before a member was thought of lacks it; what it shows must be the log's. */
  private static boolean sameMembers(@Nullable String made, @Nullable String shown) {
    if (made == null || shown == null) {
      return false;
    }
    try {
      return within(EventJson.tree(shown), EventJson.tree(made));
    } catch (RuntimeException e) {
      return false;
    }
  }

  private static boolean within(@Nullable Object shown, @Nullable Object made) {
    if (shown instanceof Map<?, ?> some && made instanceof Map<?, ?> all) {
      return some.entrySet().stream()
          .allMatch(
              member ->
                  all.containsKey(member.getKey())
                      && within(member.getValue(), all.get(member.getKey())));
    }
    return Objects.equals(shown, made);
  }

  private static @Nullable String canonicalOr(@Nullable String json) {
    try {
      return json == null ? null : canonical(json);
    } catch (RuntimeException e) {
      return json;
    }
  }
}
