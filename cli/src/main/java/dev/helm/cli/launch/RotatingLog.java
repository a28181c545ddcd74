package dev.helm.cli.launch;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * A log file bounded in size: when it is full it becomes {@code NAME.1}, and so on up to the number
 * of old files kept. A full disk loses log lines and nothing else. Safe for several threads.
 */
public final class RotatingLog implements AutoCloseable {
  private static final int TAIL_LINES = 40;
  private final Path file;
  private final long maxBytes;
  private final int keep;
  private final Deque<String> tail = new ArrayDeque<>();
  private OutputStream out = OutputStream.nullOutputStream();
  private long size;

  /** Appends to the file; {@code keep} old files of {@code maxBytes} each stay beside it. */
  public RotatingLog(Path file, long maxBytes, int keep) {
    this.file = file;
    this.maxBytes = maxBytes;
    this.keep = keep;
    open();
  }

  /** Writes one line, at once readable by others. */
  public synchronized void line(String text) {
    tail.addLast(text);
    if (tail.size() > TAIL_LINES) {
      tail.removeFirst();
    }
    byte[] bytes = (text + "\n").getBytes(StandardCharsets.UTF_8);
    if (size > 0 && size + bytes.length > maxBytes) {
      rotate();
    }
    try {
      out.write(bytes);
      out.flush();
      size += bytes.length;
    } catch (IOException e) {
      // A supervisor that died of a full disk would take everything with it.
      size = Math.max(size, 0);
    }
  }

  /** The newest lines, oldest first. */
  public synchronized List<String> tail() {
    return List.copyOf(tail);
  }

  @Override
  public synchronized void close() {
    try {
      out.close();
    } catch (IOException e) {
      size = 0;
    }
    out = OutputStream.nullOutputStream();
  }

  private void rotate() {
    close();
    try {
      Files.deleteIfExists(old(keep));
      for (int i = keep - 1; i >= 0; i--) {
        move(old(i), old(i + 1));
      }
    } catch (IOException e) {
      tail.addLast("log not rotated: " + e.getMessage());
    }
    open();
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    } catch (NoSuchFileException e) {
      return; // fewer old files than are kept
    }
  }

  private Path old(int number) {
    return number == 0 ? file : file.resolveSibling(file.getFileName() + "." + number);
  }

  private void open() {
    try {
      out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      size = Files.size(file);
    } catch (IOException e) {
      out = OutputStream.nullOutputStream();
      size = 0;
    }
  }
}
