package dev.helm.activities.sandbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where slots are remembered. Each call is durable when it returns. */
public interface SlotStore {
  /** Adds or replaces the record of a slot. */
  void put(SlotRecord slotRecord);

  /** The record of a slot, or null. */
  @Nullable SlotRecord get(String slot);

  /** All records. */
  List<SlotRecord> list();

  /** Forgets a slot; nothing happens if it is not known. */
  void delete(String slot);
}
