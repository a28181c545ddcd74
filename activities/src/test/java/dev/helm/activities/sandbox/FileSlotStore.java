package dev.helm.activities.sandbox;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Remembers slots in one small file, replaced as a whole at each change. */
final class FileSlotStore implements SlotStore {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Path file;
  private final Map<String, SlotRecord> records = new LinkedHashMap<>();

  /** Reads the file if there is one. */
  FileSlotStore(Path file) {
    this.file = file;
    if (Files.exists(file)) {
      try {
        for (Map<String, @Nullable String> row :
            JSON.readValue(
                file.toFile(), new TypeReference<List<Map<String, @Nullable String>>>() {})) {
          SlotRecord slotRecord = fromRow(row);
          records.put(slotRecord.slot(), slotRecord);
        }
      } catch (IOException e) {
        throw new UncheckedIOException("slot file cannot be read: " + file, e);
      }
    }
  }

  @Override
  public synchronized void put(SlotRecord slotRecord) {
    records.put(slotRecord.slot(), slotRecord);
    save();
  }

  @Override
  public synchronized @Nullable SlotRecord get(String slot) {
    return records.get(slot);
  }

  @Override
  public synchronized List<SlotRecord> list() {
    return List.copyOf(records.values());
  }

  @Override
  public synchronized void delete(String slot) {
    if (records.remove(slot) != null) {
      save();
    }
  }

  private void save() {
    Path next = file.resolveSibling("." + file.getFileName() + ".next");
    try {
      Files.deleteIfExists(next);
      Files.createFile(
          next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(
          next,
          JSON.writeValueAsBytes(records.values().stream().map(FileSlotStore::toRow).toList()));
      try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("slot file cannot be written: " + file, e);
    }
  }

  private static Map<String, @Nullable String> toRow(SlotRecord slotRecord) {
    Map<String, @Nullable String> row = new LinkedHashMap<>();
    row.put("slot", slotRecord.slot());
    row.put("run", slotRecord.run());
    row.put("containerId", slotRecord.containerId());
    row.put("startedAt", slotRecord.startedAt());
    row.put("secret", slotRecord.secret());
    return row;
  }

  private static SlotRecord fromRow(Map<String, @Nullable String> row) throws IOException {
    return new SlotRecord(
        need(row, "slot"),
        row.get("run"),
        need(row, "containerId"),
        need(row, "startedAt"),
        need(row, "secret"));
  }

  private static String need(Map<String, @Nullable String> row, String name) throws IOException {
    String value = row.get(name);
    if (value == null) {
      throw new IOException("a slot without " + name);
    }
    return value;
  }
}
