package dev.helm.service.run;

import dev.helm.service.ledger.Ledger;
import dev.helm.service.ledger.Room;
import dev.helm.service.store.RunEndedException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a run that waits for money go on as soon as there is room under all of its caps: somebody
 * set a wider one, a day or a month began, or a call of another run gave back what it had held.
 * Only so many are told as there is room for, those first that wait longest, and one that asked in
 * vain is told again later and later.
 */
final class MoneyWatch {
  private static final Logger LOG = LoggerFactory.getLogger(MoneyWatch.class);

  /** How long money is kept for a run that was told: by then it has asked for it. */
  private static final long PROMISED_LOOKS = 3;

  private static final long BACK_OFF_LOOKS = 2;
  private static final long BACK_OFF_LOOKS_MAX = 64;

  private final Ledger ledger;
  private final Tell tell;

  private final Map<String, Told> told = new HashMap<>();
  private long looks;

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

  /**
   * The wait of a run that was last told to go on.
   *
   * @param backOffLooks looks before the run is told again, should it not get what it was told of
   */
  private record Told(long seq, long neededMicros, long atLook, long backOffLooks) {
    boolean isPromised(long look) {
      return look <= atLook + PROMISED_LOOKS;
    }

    boolean isDue(long look) {
      return look >= atLook + backOffLooks;
    }

    boolean isOver(long look) {
      return look > atLook + PROMISED_LOOKS + 2 * backOffLooks;
    }
  }

  /** Looks once at every run that waits; what fails is tried again at the next look. */
  void look() {
    looks++;
    try {
      List<Ledger.Waiting> all = ledger.waiting();
      Map<String, Long> waits = new HashMap<>();
      all.forEach(waiting -> waits.put(waiting.run(), waiting.seq()));
      told.entrySet()
          .removeIf(one -> !waits.containsKey(one.getKey()) && one.getValue().isOver(looks));
      Room room = ledger.room();
      told.forEach(
          (run, before) -> {
            // It has not asked yet, or may just be asking. One that waits anew has asked in vain.
            if (before.isPromised(looks) && waits.getOrDefault(run, before.seq()) == before.seq()) {
              room.keep(run, before.neededMicros());
            }
          });
      all.forEach(waiting -> look(waiting, room));
    } catch (RuntimeException e) {
      LOG.debug("runs that wait for money could not be looked at: {}", e.toString());
    }
  }

  private void look(Ledger.Waiting waiting, Room room) {
    Told before = told.get(waiting.run());
    if (before != null && (before.seq() == waiting.seq() || !before.isDue(looks))) {
      return;
    }
    if (!room.take(waiting.run(), waiting.neededMicros())) {
      return;
    }
    long backOff =
        before == null ? BACK_OFF_LOOKS : Math.min(BACK_OFF_LOOKS_MAX, 2 * before.backOffLooks());
    Told now = new Told(waiting.seq(), waiting.neededMicros(), looks, backOff);
    try {
      tell.goOn(waiting.run(), "helm", "room-" + waiting.seq());
      told.put(waiting.run(), now);
    } catch (RunEndedException e) {
      told.put(waiting.run(), now);
    } catch (RuntimeException e) {
      LOG.debug("run {} could not be told that there is money: {}", waiting.run(), e.toString());
    }
  }
}
