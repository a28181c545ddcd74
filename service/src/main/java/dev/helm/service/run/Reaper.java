package dev.helm.service.run;

import dev.helm.api.rest.Bodies;
import dev.helm.service.store.Access;
import dev.helm.service.store.SlotStore;
import dev.helm.service.store.Store;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes containers back from runs that have ended. A run's end does so itself; but the engine may
 * be away at that moment, or the service may die between the two.
 */
final class Reaper {
  private static final Logger LOG = LoggerFactory.getLogger(Reaper.class);

  private final Store store;
  private final Consumer<String> release;

  /**
   * @param release frees what a run holds; safe to repeat
   */
  Reaper(Store store, Consumer<String> release) {
    this.store = store;
    this.release = release;
  }

  /** Looks once; what cannot be freed now is looked at the next time. */
  void reap() {
    for (SlotStore.Slot slot : store.slots().list()) {
      String run = slot.run();
      Bodies.Run card = run == null ? null : store.queries().run(Access.system(), run);
      if (run != null && card != null && !card.status().active()) {
        try {
          release.accept(run);
          LOG.info("slot {} was taken back from run {}, which has ended", slot.slot(), run);
        } catch (RuntimeException e) {
          LOG.info("slot {} of an ended run stays for now: {}", slot.slot(), e.toString());
        }
      }
    }
  }
}
