package dev.helm.service.ledger;

import dev.helm.service.store.Statements;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A run as the caps see it: whose money it spends. */
record Spender(
    String run,
    String project,
    String account,
    String blueprint,
    int version,
    long cap,
    long spent,
    long held) {

  static @Nullable Spender find(Statements sql, String run) throws SQLException {
    return sql.one(
        "SELECT project, by_name, blueprint, blueprint_version, cap_micros, spent_micros,"
            + " held_micros FROM runs WHERE id = ?",
        row ->
            new Spender(
                run,
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getInt(4),
                row.getLong(5),
                row.getLong(6),
                row.getLong(7)),
        run);
  }

  static Spender known(Statements sql, String run) throws SQLException {
    Spender found = find(sql, run);
    if (found == null) {
      throw new IllegalArgumentException("there is no run " + run);
    }
    return found;
  }

  /** What its calls count against beside its own cap. */
  List<Scope> scopes() {
    return List.of(
        Scope.blueprint(blueprint),
        Scope.project(project),
        Scope.account(account),
        Scope.INSTALLATION);
  }
}
