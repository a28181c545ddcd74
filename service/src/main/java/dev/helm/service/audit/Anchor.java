package dev.helm.service.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.event.CanonicalJson;
import dev.helm.service.store.CheckpointStore;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file elsewhere, say on another disk, that gets every checkpoint as a JSON line. Who changes the
 * database and signs anew does not change it too. Where it stands is read from its own last line,
 * so that what could not be written is made up for.
 */
final class Anchor {
  private static final int PAGE = 500;
  private static final int LINE_BYTES_MAX = 4096;

  private final Path file;
  private final CheckpointStore checkpoints;
  private long written = -1;

  Anchor(Path file, CheckpointStore checkpoints) {
    this.file = file;
    this.checkpoints = checkpoints;
  }

  /** Appends what the file lacks; what is wrong in words, or null. */
  synchronized @Nullable String catchUp() {
    try {
      if (written < 0 || !Files.exists(file)) {
        written = position();
      }
      if (written < 0) {
        return "the anchor "
            + file
            + " ends with a checkpoint that this database does not have: the database is older, or"
            + " was changed. Compare with helm verify --checkpoints, then move the file away";
      }
      append();
      return null;
    } catch (IOException e) {
      written = -1;
      return "the anchor " + file + " cannot be written (" + e + "); what it lacks follows later";
    }
  }

  private void append() throws IOException {
    List<CheckpointStore.Stored> page;
    do {
      page = checkpoints.all(written, PAGE);
      if (page.isEmpty()) {
        return;
      }
      StringBuilder text = new StringBuilder(page.size() * 300);
      page.forEach(
          stored ->
              text.append(CanonicalJson.write(stored.checkpoint().anchorLine())).append('\n'));
      write(text.toString());
      written = page.getLast().n();
    } while (page.size() == PAGE);
  }

  private void write(String text) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
  }

  /** The number of the last checkpoint in the file: 0 for none, -1 when the store has it not. */
  private long position() throws IOException {
    if (!Files.exists(file) || Files.size(file) == 0) {
      return 0;
    }
    String tail;
    boolean torn;
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      long from = Math.max(0, in.length() - 2L * LINE_BYTES_MAX);
      byte[] bytes = new byte[(int) (in.length() - from)];
      in.seek(from);
      in.readFully(bytes);
      tail = new String(bytes, StandardCharsets.UTF_8);
      torn = !tail.endsWith("\n");
    }
    if (torn) {
      // A line that a full disk or a kill tore off must not swallow the next one.
      write("\n");
    }
    for (String line : tail.lines().toList().reversed()) {
      Checkpoint last = read(line);
      if (last != null) {
        long n = checkpoints.number(last);
        return n == 0 ? -1 : n;
      }
    }
    return 0;
  }

  private static @Nullable Checkpoint read(String line) {
    try {
      Checkpoint read = HelmJson.mapper().readValue(line, Checkpoint.class);
      return read != null && read.run() != null && read.hash() != null && read.keyId() != null
          ? read
          : null;
    } catch (JsonProcessingException e) {
      return null;
    }
  }
}
