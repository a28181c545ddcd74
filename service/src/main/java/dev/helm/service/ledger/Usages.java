package dev.helm.service.ledger;

import dev.helm.service.store.Statements;
import java.sql.SQLException;

/** The table that spend is reported from: sums by day, project, blueprint, account and model. */
final class Usages {
  private static final String ADD =
      "INSERT INTO usage (day, project, blueprint, account, model, cost_micros, input_tokens,"
          + " output_tokens, cache_read_tokens, cache_write_tokens, calls)"
          + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
          + " cost_micros = cost_micros + excluded.cost_micros,"
          + " input_tokens = input_tokens + excluded.input_tokens,"
          + " output_tokens = output_tokens + excluded.output_tokens,"
          + " cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,"
          + " cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,"
          + " calls = calls + excluded.calls";

  private Usages() {}

  /**
   * Adds a charge, or a correction of one.
   *
   * @param calls 1 for a charge, 0 for a correction
   */
  static void add(
      Statements sql,
      Spender run,
      String day,
      String model,
      long micros,
      TokenUsage usage,
      int calls)
      throws SQLException {
    sql.update(
        ADD,
        day,
        run.project(),
        run.blueprint(),
        run.account(),
        model,
        micros,
        usage.inputTokens(),
        usage.outputTokens(),
        usage.cacheReadTokens(),
        usage.cacheWriteTokens(),
        calls);
  }
}
