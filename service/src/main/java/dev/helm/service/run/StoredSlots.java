package dev.helm.service.run;

import dev.helm.activities.sandbox.SlotRecord;
import dev.helm.activities.sandbox.SlotStore;
import dev.helm.api.Secret;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The sandbox's slots in the service's database. */
final class StoredSlots implements SlotStore {
  private final dev.helm.service.store.SlotStore rows;

  StoredSlots(dev.helm.service.store.SlotStore rows) {
    this.rows = rows;
  }

  @Override
  public void put(SlotRecord slot) {
    rows.put(
        new dev.helm.service.store.SlotStore.Slot(
            slot.slot(),
            slot.run(),
            slot.containerId(),
            slot.startedAt(),
            Secret.of(slot.secret())));
  }

  @Override
  public @Nullable SlotRecord get(String slot) {
    var row = rows.bySlot(slot);
    return row == null ? null : slotOf(row);
  }

  @Override
  public List<SlotRecord> list() {
    return rows.list().stream().map(StoredSlots::slotOf).toList();
  }

  @Override
  public void delete(String slot) {
    rows.remove(slot);
  }

  private static SlotRecord slotOf(dev.helm.service.store.SlotStore.Slot row) {
    return new SlotRecord(
        row.slot(),
        row.run(),
        Objects.requireNonNull(row.containerId()),
        row.startedAt(),
        Objects.requireNonNull(row.secret()).reveal());
  }
}
