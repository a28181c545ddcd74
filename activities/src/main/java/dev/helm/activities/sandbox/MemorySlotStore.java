package dev.helm.activities.sandbox;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Remembers slots for the life of one process: for tests and probes. */
public final class MemorySlotStore implements SlotStore {
  private final ConcurrentHashMap<String, SlotRecord> records = new ConcurrentHashMap<>();

  @Override
  public void put(SlotRecord slotRecord) {
    records.put(slotRecord.slot(), slotRecord);
  }

  @Override
  public @Nullable SlotRecord get(String slot) {
    return records.get(slot);
  }

  @Override
  public List<SlotRecord> list() {
    return List.copyOf(records.values());
  }

  @Override
  public void delete(String slot) {
    records.remove(slot);
  }
}
