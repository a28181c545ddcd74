package dev.helm.activities.probes;

import dev.helm.activities.sandbox.SlotRecord;
import dev.helm.activities.sandbox.SlotStore;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Remembers slots for as long as the test runs. */
final class MemorySlots implements SlotStore {
  private final Map<String, SlotRecord> records = new ConcurrentHashMap<>();

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
