package dev.helm.service.ledger;

import dev.helm.api.Usd;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.Tx;
import dev.helm.workflows.Fact;
import java.sql.SQLException;
import java.util.List;

/**
 * Warns once for each mark of the blueprint that spend reaches under any cap, in the log of the run
 * whose call reached it. Of several marks at once the highest is told; under a raised cap they
 * count anew.
 */
final class Marks {
  private final Caps caps;

  Marks(Caps caps) {
    this.caps = caps;
  }

  /** Looks at all caps of the run, after a charge. */
  void look(Tx tx, Spender run, String day) throws SQLException {
    List<Integer> marks = caps.budget(tx.sql(), run).warnAt();
    if (marks.isEmpty()) {
      return;
    }
    for (Caps.Cap cap : caps.applying(tx.sql(), run, day)) {
      int reached = reached(marks, cap);
      if (reached > 0 && isNew(tx, run.run(), cap, reached)) {
        tx.append(run.run(), warned(cap, reached));
      }
    }
  }

  private static int reached(List<Integer> marks, Caps.Cap cap) {
    int highest = 0;
    for (int percent : marks) {
      boolean passed =
          Math.multiplyExact(cap.spent(), 100) >= Math.multiplyExact(cap.micros(), percent);
      highest = passed ? Math.max(highest, percent) : highest;
    }
    return highest;
  }

  private static boolean isNew(Tx tx, String run, Caps.Cap cap, int percent) throws SQLException {
    if (cap.period() == null) {
      return !tx.has(run, key(cap, percent));
    }
    return tx.sql()
            .update(
                "INSERT INTO cap_warnings (scope, period, start, cap_micros, percent)"
                    + " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                cap.scope().toString(),
                cap.period().word(),
                cap.start(),
                cap.micros(),
                percent)
        == 1;
  }

  private static String key(Caps.Cap cap, int percent) {
    String period = cap.period() == null ? "" : cap.period().word() + cap.start();
    return "ledger/warned/" + cap.scope() + "/" + period + "/" + cap.micros() + "/" + percent;
  }

  private static Fact warned(Caps.Cap cap, int percent) {
    Period period = cap.period();
    return new Fact(
        key(cap, percent),
        "main",
        new RunEvent.BudgetWarned(
            percent,
            new Usd(cap.spent()),
            new Usd(cap.micros()),
            period == null ? null : cap.scope().toString(),
            period == null ? null : period.word()));
  }
}
