package dev.helm.service.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.service.store.Store;
import java.util.List;

/** What all sums have to agree on: rows, running sums, reports and events. */
public final class LedgerSums {
  private LedgerSums() {}

  /** Everything is compared with the rows of charges, corrections and open reservations. */
  public static void check(Store store) {
    List<String> wrong =
        store.read(
            sql ->
                sql.list(
                    "SELECT 'run ' || id FROM runs r"
                        + " WHERE spent_micros <> coalesce((SELECT sum(amount_micros) FROM booked"
                        + " WHERE run = r.id), 0)"
                        + " OR held_micros <> coalesce((SELECT sum(held_micros) FROM reservations v"
                        + " WHERE v.run = r.id AND v.state = 'open'), 0)"
                        + " OR spent_micros <> coalesce((SELECT sum(round(1000000"
                        + " * json_extract(data, '$.amountUsd'))) FROM events"
                        + " WHERE run = r.id AND type = 'budget.charged'), 0)"
                        + " UNION ALL SELECT 'spend ' || scope || period || start FROM ("
                        + "SELECT * FROM spend WHERE spent_micros <> 0 OR held_micros <> 0"
                        + " EXCEPT SELECT * FROM booked_spend)"
                        + " UNION ALL SELECT 'rows of ' || scope || period || start FROM ("
                        + "SELECT * FROM booked_spend EXCEPT SELECT * FROM spend)"
                        + " UNION ALL SELECT 'usage ' || coalesce(u, '-') || ' ' || coalesce(b, '-')"
                        + " FROM (SELECT (SELECT sum(cost_micros) || ' ' || sum(input_tokens) || ' '"
                        + " || sum(output_tokens) || ' ' || sum(cache_read_tokens) || ' '"
                        + " || sum(cache_write_tokens) || ' ' || sum(calls) FROM usage) AS u,"
                        + " (SELECT sum(amount_micros) || ' ' || sum(input_tokens) || ' '"
                        + " || sum(output_tokens) || ' ' || sum(cache_read_tokens) || ' '"
                        + " || sum(cache_write_tokens) || ' ' || sum(calls) FROM booked) AS b)"
                        + " WHERE u IS NOT b",
                    row -> row.getString(1)));
    assertThat(wrong).as("sums that differ from their rows").isEmpty();
  }
}
