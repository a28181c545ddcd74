package dev.helm.service.ledger;

import dev.helm.service.store.Store;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is left under the caps in one look at many runs: what is promised to one is not there for
 * the next. Nothing is held; who comes first to the ledger gets it.
 */
public final class Room {
  private final Store store;
  private final Caps caps;
  private final String day;
  private final Map<Purse, Long> promised = new HashMap<>();

  Room(Store store, Caps caps, String day) {
    this.store = store;
    this.caps = caps;
    this.day = day;
  }

  /** A cap in this look; of a run's own the name is the run's id. */
  private record Purse(String name, @Nullable Period period) {
    static Purse of(Caps.Cap cap, String run) {
      return new Purse(cap.period() == null ? run : cap.scope().toString(), cap.period());
    }
  }

  /** Promises an amount to the run when it fits under all of its caps; whether it did. */
  public boolean take(String run, long micros) {
    List<Caps.Cap> all = applying(run);
    for (Caps.Cap cap : all) {
      if (micros > cap.free() - promised.getOrDefault(Purse.of(cap, run), 0L)) {
        return false;
      }
    }
    promise(all, run, micros);
    return !all.isEmpty();
  }

  /** Keeps an amount for a run to which it was promised in an earlier look. */
  public void keep(String run, long micros) {
    promise(applying(run), run, micros);
  }

  private void promise(List<Caps.Cap> all, String run, long micros) {
    for (Caps.Cap cap : all) {
      promised.merge(Purse.of(cap, run), micros, Long::sum);
    }
  }

  private List<Caps.Cap> applying(String run) {
    return store.read(
        sql -> {
          Spender spender = Spender.find(sql, run);
          return spender == null ? List.of() : caps.applying(sql, spender, day);
        });
  }
}
