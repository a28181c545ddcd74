package dev.helm.service.run;

import dev.helm.service.ledger.Ledger;
import dev.helm.service.store.RunEndedException;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a run that waits for money go on as soon as there is room under all of its caps: somebody
 * set a wider one, a day or a month began, or a call of another run gave back what it had held.
 */
final class MoneyWatch {
  private static final Logger LOG = LoggerFactory.getLogger(MoneyWatch.class);

  private final Ledger ledger;
  private final Tell tell;

  /** The wait that was last told to go on, by run. */
  private final Map<String, Long> told = new HashMap<>();

  MoneyWatch(Ledger ledger, Tell tell) {
    this.ledger = ledger;
    this.tell = tell;
  }

  /** Tells a run that there is money; the same request twice counts once. */
  @FunctionalInterface
  interface Tell {
    /** Throws when it could not be told. */
    void goOn(String run, String by, String requestId);
  }

  /** Looks once at every run that waits; what fails is tried again at the next look. */
  void look() {
    try {
      Map<String, Long> waits = new HashMap<>();
      for (Ledger.Waiting waiting : ledger.waiting()) {
        waits.put(waiting.run(), waiting.seq());
        look(waiting);
      }
      told.entrySet().removeIf(entry -> !entry.getValue().equals(waits.get(entry.getKey())));
    } catch (RuntimeException e) {
      LOG.debug("runs that wait for money could not be looked at: {}", e.toString());
    }
  }

  private void look(Ledger.Waiting waiting) {
    boolean isTold = Long.valueOf(waiting.seq()).equals(told.get(waiting.run()));
    if (isTold || !ledger.hasRoom(waiting.run(), waiting.neededMicros())) {
      return;
    }
    try {
      tell.goOn(waiting.run(), "helm", "room-" + waiting.seq());
      told.put(waiting.run(), waiting.seq());
    } catch (RunEndedException e) {
      told.put(waiting.run(), waiting.seq());
    } catch (RuntimeException e) {
      LOG.debug("run {} could not be told that there is money: {}", waiting.run(), e.toString());
    }
  }
}
