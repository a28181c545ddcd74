package dev.helm.service.ledger;

import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.service.store.Statements;
import dev.helm.workflows.HelmJson;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The caps that a run's calls count against, and the running sums beside them. The sums are kept
 * for every scope and period, capped or not, so that a cap that is set today knows what was spent
 * before it.
 */
final class Caps {
  private static final int BLUEPRINTS_KEPT_MAX = 512;

  private static final String SET =
      "SELECT c.scope, c.period, c.cap_micros, coalesce(s.spent_micros, 0),"
          + " coalesce(s.held_micros, 0) FROM caps c LEFT JOIN spend s ON s.scope = c.scope"
          + " AND s.period = c.period AND s.start ="
          + " CASE c.period WHEN 'day' THEN ?5 WHEN 'month' THEN ?6 ELSE '' END"
          + " WHERE c.scope IN (?1, ?2, ?3, ?4)";

  private static final String MOVE =
      "INSERT INTO spend (scope, period, start, spent_micros, held_micros) VALUES"
          + " (?1, 'day', ?5, ?7, ?8), (?1, 'month', ?6, ?7, ?8), (?1, 'total', '', ?7, ?8),"
          + " (?2, 'day', ?5, ?7, ?8), (?2, 'month', ?6, ?7, ?8), (?2, 'total', '', ?7, ?8),"
          + " (?3, 'day', ?5, ?7, ?8), (?3, 'month', ?6, ?7, ?8), (?3, 'total', '', ?7, ?8),"
          + " (?4, 'day', ?5, ?7, ?8), (?4, 'month', ?6, ?7, ?8), (?4, 'total', '', ?7, ?8)"
          + " ON CONFLICT DO UPDATE SET spent_micros = spent_micros + excluded.spent_micros,"
          + " held_micros = held_micros + excluded.held_micros";

  /** By name and version, which never change. */
  private final Map<String, Blueprint.Budget> blueprints =
      Collections.synchronizedMap(
          new LinkedHashMap<>(64, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Blueprint.Budget> eldest) {
              return size() > BLUEPRINTS_KEPT_MAX;
            }
          });

  /**
   * A cap and what counts against it.
   *
   * @param period null for a run's own cap
   * @param start label of the period, empty where there is none
   */
  record Cap(
      Scope scope, @Nullable Period period, String start, long micros, long spent, long held) {
    long free() {
      return Math.subtractExact(micros, Math.addExact(spent, held));
    }

    /** For people: {@code the day's cap of project infra-ops}. */
    String shown() {
      return switch (period) {
        case null -> "the run's cap";
        case DAY, MONTH -> "the " + period.word() + "'s cap of " + scope.shown();
        case TOTAL -> "the cap of " + scope.shown();
      };
    }
  }

  /** The cap with the least room; of several the narrowest. */
  static Cap tightest(List<Cap> caps) {
    return Collections.min(
        caps, Comparator.comparingLong(Cap::free).thenComparing(cap -> cap.scope().kind()));
  }

  /** All caps that apply to a call of the run on this day; the run's own is first. */
  List<Cap> applying(Statements sql, Spender run, String day) throws SQLException {
    List<Cap> caps = new ArrayList<>();
    caps.add(new Cap(Scope.RUN, null, "", run.cap(), run.spent(), run.held()));
    caps.addAll(
        sql.list(
            SET,
            row -> {
              Period period = Period.of(row.getString(2));
              return new Cap(
                  Scope.parse(row.getString(1)),
                  period,
                  period.start(day),
                  row.getLong(3),
                  row.getLong(4),
                  row.getLong(5));
            },
            places(run, day)));
    addBlueprints(sql, run, day, caps);
    return caps;
  }

  /**
   * The tighter of what the run's own version of the blueprint and the newest one say, where no
   * owner has said otherwise: a cap that a new version brings also holds runs of older ones.
   */
  private void addBlueprints(Statements sql, Spender run, String day, List<Cap> caps)
      throws SQLException {
    Blueprint.Budget own = budget(sql, run);
    Blueprint.Budget newest = newest(sql, run);
    for (Period period : Period.values()) {
      Usd cap = tighter(ofBlueprint(own, period), ofBlueprint(newest, period));
      boolean set =
          caps.stream()
              .anyMatch(c -> c.scope().kind() == Scope.Kind.BLUEPRINT && c.period() == period);
      if (cap != null && !set) {
        caps.add(sums(sql, Scope.blueprint(run.blueprint()), period, day, cap.micros()));
      }
    }
  }

  private static @Nullable Usd tighter(@Nullable Usd one, @Nullable Usd other) {
    if (one == null || other == null) {
      return one == null ? other : one;
    }
    return one.compareTo(other) <= 0 ? one : other;
  }

  static @Nullable Usd ofBlueprint(Blueprint.Budget budget, Period period) {
    return switch (period) {
      case DAY -> budget.perDayUsd();
      case MONTH -> budget.perMonthUsd();
      case TOTAL -> budget.totalUsd();
    };
  }

  /** A cap of this amount with the sums beside it. */
  static Cap sums(Statements sql, Scope scope, Period period, String day, long micros)
      throws SQLException {
    String start = period.start(day);
    Cap found =
        sql.one(
            "SELECT spent_micros, held_micros FROM spend"
                + " WHERE scope = ? AND period = ? AND start = ?",
            row -> new Cap(scope, period, start, micros, row.getLong(1), row.getLong(2)),
            scope.toString(),
            period.word(),
            start);
    return found == null ? new Cap(scope, period, start, micros, 0, 0) : found;
  }

  /** The budget of the run's version of its blueprint. */
  Blueprint.Budget budget(Statements sql, Spender run) throws SQLException {
    return budget(sql, run.blueprint(), run.version());
  }

  private Blueprint.Budget newest(Statements sql, Spender run) throws SQLException {
    long version =
        sql.number(
            "SELECT max(version) FROM blueprints WHERE name = ?", run.version(), run.blueprint());
    return budget(sql, run.blueprint(), (int) version);
  }

  private Blueprint.Budget budget(Statements sql, String name, int version) throws SQLException {
    String key = Blueprint.reference(name, version);
    Blueprint.Budget budget = blueprints.get(key);
    if (budget == null) {
      String body =
          sql.one(
              "SELECT body FROM blueprints WHERE name = ? AND version = ?",
              row -> row.getString(1),
              name,
              version);
      if (body == null) {
        throw new IllegalStateException("the blueprint " + key + " of a run is missing");
      }
      budget = HelmJson.read(body, Blueprint.class).budget();
      blueprints.put(key, budget);
    }
    return budget;
  }

  /** Adds to what counts against everything beside the run itself; either may be negative. */
  static void move(Statements sql, Spender run, String day, long spent, long held)
      throws SQLException {
    @Nullable Object[] places = places(run, day);
    sql.update(MOVE, places[0], places[1], places[2], places[3], places[4], places[5], spent, held);
  }

  private static @Nullable Object[] places(Spender run, String day) {
    List<Scope> scopes = run.scopes();
    return new @Nullable Object[] {
      scopes.get(0).toString(),
      scopes.get(1).toString(),
      scopes.get(2).toString(),
      scopes.get(3).toString(),
      day,
      Period.MONTH.start(day)
    };
  }
}
