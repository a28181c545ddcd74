package dev.helm.service.ledger;

import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.service.store.Access;
import dev.helm.service.store.Statements;
import dev.helm.service.store.Store;
import dev.helm.service.store.Tx;
import dev.helm.workflows.HelmJson;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The caps that many runs share, as owners set them and blueprints say them. */
public final class Budgets {
  private final Store store;
  private final Days days;

  /** With the store and the operator's days. */
  public Budgets(Store store, Days days) {
    this.store = store;
    this.days = days;
  }

  private record Kept(
      Scope scope, Period period, long micros, @Nullable String by, @Nullable String changedAt) {}

  /**
   * The caps that somebody sees, widest scope first: those of the projects that are seen, one's own
   * account's, and, for whoever sees all projects, everybody's and the installation's.
   *
   * @param account one's own name
   */
  public List<MoneyBodies.Cap> list(Access access, String account) {
    String day = days.of(store.clock().instant());
    return store.read(
        sql -> {
          Map<String, String> projects = new HashMap<>();
          List<Kept> caps = set(sql);
          caps.addAll(ofBlueprints(sql, caps, projects));
          caps.removeIf(cap -> !sees(access, account, cap.scope(), projects));
          caps.sort(
              Comparator.<Kept, Scope.Kind>comparing(cap -> cap.scope().kind())
                  .reversed()
                  .thenComparing(cap -> cap.scope().name())
                  .thenComparing(Kept::period));
          List<MoneyBodies.Cap> shown = new ArrayList<>();
          for (Kept cap : caps) {
            shown.add(shown(sql, cap, day));
          }
          return shown;
        });
  }

  private static boolean sees(
      Access access, String account, Scope scope, Map<String, String> projects) {
    boolean all = access.projects() instanceof Access.Projects.All;
    return switch (scope.kind()) {
      case RUN -> false;
      case INSTALLATION -> all;
      case PROJECT -> access.sees(scope.name());
      case BLUEPRINT -> {
        String project = projects.get(scope.name());
        yield project != null && access.sees(project);
      }
      case ACCOUNT -> all || scope.name().equals(account);
    };
  }

  private static List<Kept> set(Statements sql) throws SQLException {
    return sql.list(
        "SELECT scope, period, cap_micros, by_name, changed_at FROM caps",
        row ->
            new Kept(
                Scope.parse(row.getString(1)),
                Period.of(row.getString(2)),
                row.getLong(3),
                row.getString(4),
                row.getString(5)));
  }

  /** What the newest versions say, where no owner has said otherwise. */
  private static List<Kept> ofBlueprints(
      Statements sql, List<Kept> set, Map<String, String> projects) throws SQLException {
    record Row(String name, String project, String body) {}
    List<Row> rows =
        sql.list(
            "SELECT name, project, body FROM blueprints b"
                + " WHERE version = (SELECT max(version) FROM blueprints WHERE name = b.name)",
            row -> new Row(row.getString(1), row.getString(2), row.getString(3)));
    List<Kept> caps = new ArrayList<>();
    for (Row row : rows) {
      projects.put(row.name(), row.project());
      Blueprint.Budget budget = HelmJson.read(row.body(), Blueprint.class).budget();
      Scope scope = Scope.blueprint(row.name());
      for (Period period : Period.values()) {
        Usd cap = Caps.ofBlueprint(budget, period);
        boolean isSet =
            set.stream().anyMatch(kept -> kept.scope().equals(scope) && kept.period() == period);
        if (cap != null && !isSet) {
          caps.add(new Kept(scope, period, cap.micros(), null, null));
        }
      }
    }
    return caps;
  }

  private MoneyBodies.Cap shown(Statements sql, Kept kept, String day) throws SQLException {
    Caps.Cap cap = Caps.sums(sql, kept.scope(), kept.period(), day, kept.micros());
    return new MoneyBodies.Cap(
        kept.scope().toString(),
        kept.period().word(),
        new Usd(cap.micros()),
        new Usd(cap.spent()),
        new Usd(cap.held()),
        new Usd(Math.max(0, cap.free())),
        days.startsAt(kept.period(), day),
        days.resetsAt(kept.period(), day),
        kept.by() == null ? "blueprint" : "set",
        kept.by(),
        kept.changedAt());
  }

  /** Whether a person or a service token of this name was ever there. */
  public boolean accountExists(String name) {
    return store.read(
        sql -> sql.number("SELECT count(*) FROM principals WHERE name = ?", 0, name) > 0);
  }

  /** Whether the project has a blueprint, somebody with a role, or a cap; or is the default one. */
  public boolean projectExists(String name) {
    return name.equals(Blueprint.Defaults.PROJECT)
        || store.read(
            sql ->
                sql.number(
                        "SELECT EXISTS (SELECT 1 FROM blueprints WHERE project = ?1)"
                            + " OR EXISTS (SELECT 1 FROM users, json_each(users.roles) r"
                            + " WHERE r.key = ?1)"
                            + " OR EXISTS (SELECT 1 FROM caps WHERE scope = ?2)",
                        0,
                        name,
                        Scope.project(name).toString())
                    > 0);
  }

  /**
   * Sets all caps of a scope; what is null is removed. The audit log keeps who asked for it.
   *
   * @throws IllegalArgumentException for a run, or an amount that is not above zero
   */
  public void set(Scope scope, MoneyBodies.SetCaps caps, String by) {
    Map<Period, @Nullable Usd> wanted = new EnumMap<>(Period.class);
    wanted.put(Period.DAY, caps.dayUsd());
    wanted.put(Period.MONTH, caps.monthUsd());
    wanted.put(Period.TOTAL, caps.totalUsd());
    for (Usd cap : wanted.values()) {
      if (scope.kind() == Scope.Kind.RUN || (cap != null && cap.micros() <= 0)) {
        throw new IllegalArgumentException("a cap is above zero, and a run's is raised");
      }
    }
    store
        .writer()
        .<@Nullable Void>change(
            tx -> {
              for (Map.Entry<Period, @Nullable Usd> one : wanted.entrySet()) {
                set(tx, scope, one.getKey(), one.getValue(), by);
              }
              return null;
            });
  }

  private static void set(Tx tx, Scope scope, Period period, @Nullable Usd cap, String by)
      throws SQLException {
    Long before =
        tx.sql()
            .one(
                "SELECT cap_micros FROM caps WHERE scope = ? AND period = ?",
                row -> row.getLong(1),
                scope.toString(),
                period.word());
    Long after = cap == null ? null : Long.valueOf(cap.micros());
    if (Objects.equals(before, after)) {
      return;
    }
    if (after == null) {
      tx.sql()
          .update(
              "DELETE FROM caps WHERE scope = ? AND period = ?", scope.toString(), period.word());
    } else {
      tx.sql()
          .update(
              "INSERT INTO caps (scope, period, cap_micros, by_name, changed_at)"
                  + " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                  + " cap_micros = excluded.cap_micros, by_name = excluded.by_name,"
                  + " changed_at = excluded.changed_at",
              scope.toString(),
              period.word(),
              after,
              by,
              tx.now());
    }
  }
}
