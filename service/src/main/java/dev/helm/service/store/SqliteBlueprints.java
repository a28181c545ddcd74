package dev.helm.service.store;

import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.CanonicalJson;
import dev.helm.api.rest.Bodies;
import dev.helm.workflows.HelmJson;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Blueprints in a table. */
final class SqliteBlueprints implements BlueprintStore {
  private static final String COLUMNS =
      "SELECT name, version, hash, created_at, by_name, body FROM blueprints ";

  private final LogWriter writer;
  private final ReadPool reads;

  SqliteBlueprints(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  @Override
  public Put put(Access access, Blueprint blueprint, String by) {
    UnitOfWork<Put> work = putting(access, blueprint, by);
    return writer.change(work);
  }

  @Override
  public Put put(
      Access access, Blueprint blueprint, String by, ScheduleStore.@Nullable Definition schedule) {
    UnitOfWork<Put> work = putting(access, blueprint, by);
    return writer.change(
        tx -> {
          Put put = work.run(tx);
          ScheduleStore.follow(tx, blueprint.name(), schedule);
          return put;
        });
  }

  private static UnitOfWork<Put> putting(Access access, Blueprint blueprint, String by) {
    String body = HelmJson.write(blueprint);
    String hash = Sha256.hex(CanonicalJson.write(EventJson.tree(body)));
    return tx -> {
      Blueprint.Stored newest = newest(tx.sql(), Access.system(), blueprint.name());
      if (newest != null && !access.sees(newest.blueprint().project())) {
        throw new NameTakenException(blueprint.name());
      }
      if (newest != null && newest.hash().equals(hash)) {
        return new Put(newest, false);
      }
      int version = newest == null ? 1 : newest.version() + 1;
      tx.sql()
          .update(
              "INSERT INTO blueprints (name, version, hash, project, principal, by_name,"
                  + " created_at, description, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
              blueprint.name(),
              version,
              hash,
              blueprint.project(),
              access.principal(),
              by,
              tx.now(),
              blueprint.description(),
              body);
      return new Put(
          new Blueprint.Stored(blueprint.name(), version, hash, tx.now(), by, blueprint), true);
    };
  }

  @Override
  public Blueprint.@Nullable Stored newest(Access access, String name) {
    return reads.read(sql -> newest(sql, access, name));
  }

  private static Blueprint.@Nullable Stored newest(Statements sql, Access access, String name)
      throws SQLException {
    return sql.one(
        COLUMNS
            + "WHERE "
            + access.condition("project")
            + " AND name = ? ORDER BY version DESC LIMIT 1",
        SqliteBlueprints::stored,
        access.with(name));
  }

  @Override
  public Blueprint.@Nullable Stored version(Access access, String name, int version) {
    return reads.read(sql -> version(sql, access, name, version));
  }

  static Blueprint.@Nullable Stored version(Statements sql, Access access, String name, int version)
      throws SQLException {
    return sql.one(
        COLUMNS + "WHERE " + access.condition("project") + " AND name = ? AND version = ?",
        SqliteBlueprints::stored,
        access.with(name, version));
  }

  @Override
  public Blueprint.@Nullable Stored find(Access access, String reference) {
    int at = reference.lastIndexOf('@');
    if (at < 0) {
      return newest(access, reference);
    }
    try {
      return version(
          access, reference.substring(0, at), Integer.parseInt(reference.substring(at + 1)));
    } catch (NumberFormatException e) {
      return null;
    }
  }

  @Override
  public Bodies.Page<Bodies.BlueprintSummary> list(
      Access access, int limit, @Nullable String cursor) {
    String after = Cursor.read("blueprints", cursor);
    List<Bodies.BlueprintSummary> rows =
        reads.read(
            sql ->
                sql.list(
                    "SELECT name, max(version), hash, description, project, created_at"
                        + " FROM blueprints WHERE "
                        + access.condition("project")
                        + " AND name > ? GROUP BY name ORDER BY name LIMIT ?",
                    row ->
                        new Bodies.BlueprintSummary(
                            row.getString(1),
                            row.getInt(2),
                            row.getString(3),
                            row.getString(4),
                            row.getString(5),
                            row.getString(6)),
                    access.with(after == null ? "" : after, Cursor.limit(limit) + 1)));
    List<Bodies.BlueprintSummary> page = List.copyOf(rows.subList(0, Math.min(limit, rows.size())));
    return new Bodies.Page<>(
        page, rows.size() > limit ? Cursor.of("blueprints", page.getLast().name()) : null);
  }

  @Override
  public List<Blueprint.Stored> versions(Access access, String name) {
    return reads.read(
        sql ->
            sql.list(
                COLUMNS
                    + "WHERE "
                    + access.condition("project")
                    + " AND name = ? ORDER BY version DESC LIMIT 1000",
                SqliteBlueprints::stored,
                access.with(name)));
  }

  private static Blueprint.Stored stored(ResultSet row) throws SQLException {
    return new Blueprint.Stored(
        row.getString(1),
        row.getInt(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        HelmJson.read(row.getString(6), Blueprint.class));
  }
}
