package dev.helm.service.ledger;

import dev.helm.api.Usd;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;

/** What was spent, summed by one thing at a time. */
public final class UsageReport {
  private final Store store;
  private final Days days;

  /** With the store and the operator's days. */
  public UsageReport(Store store, Days days) {
    this.store = store;
    this.days = days;
  }

  /** What rows are summed by. */
  public enum By {
    DAY("day"),
    BLUEPRINT("blueprint"),
    MODEL("model"),
    USER("account");

    private final String column;

    By(String column) {
      this.column = column;
    }

    /** As the wire has it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The operator's present day. */
  public LocalDate today() {
    return LocalDate.parse(days.of(store.clock().instant()));
  }

  /**
   * Rows of the projects that are seen, in the order of their keys.
   *
   * @param from first day, and {@code to} the last one, both counted
   * @param after the key after which to go on, empty for the beginning
   */
  public List<MoneyBodies.UsageRow> rows(
      Access access, By by, LocalDate from, LocalDate to, String after, int limit) {
    return store.read(
        sql ->
            sql.list(
                "SELECT "
                    + by.column
                    + ", sum(cost_micros), sum(input_tokens), sum(output_tokens),"
                    + " sum(cache_read_tokens), sum(cache_write_tokens), sum(calls) FROM usage"
                    + " WHERE "
                    + access.condition("project")
                    + " AND day BETWEEN ? AND ? AND "
                    + by.column
                    + " > ? GROUP BY 1 ORDER BY 1 LIMIT ?",
                row ->
                    new MoneyBodies.UsageRow(
                        row.getString(1),
                        new Usd(row.getLong(2)),
                        row.getLong(3),
                        row.getLong(4),
                        row.getLong(5),
                        row.getLong(6),
                        row.getLong(7)),
                access.with(from.toString(), to.toString(), after, limit)));
  }
}
