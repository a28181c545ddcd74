package dev.helm.service.store;

import dev.helm.api.Secret;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which sandbox slot serves which run. */
public interface SlotStore {
  /** Stores the row, in place of an older one of this slot. */
  void put(Slot slot);

  /** By slot id. */
  @Nullable Slot bySlot(String slot);

  /** The newest slot of a run. */
  @Nullable Slot byRun(String run);

  /** All slots, oldest first. */
  List<Slot> list();

  /** Forgets a slot; false when it was not there. */
  boolean remove(String slot);

  /**
   * A slot.
   *
   * @param slot 8 hex digits
   * @param run the run that it serves, or null while it is free
   * @param startedAt ISO-8601 UTC
   * @param secret what the executor proves itself with, once it was given
   */
  record Slot(
      String slot,
      @Nullable String run,
      @Nullable String containerId,
      String startedAt,
      @Nullable Secret secret) {}
}
