package dev.helm.service.audit;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The places for exports, one for a person. Attack: one person asks for exports, reads them slowly
 * or never, and nobody else gets one.
 */
final class ExportPlaces {
  private static final long BEGIN_MS_MAX = 60_000;

  private final long writeMsMax;
  private final Map<String, Long> places = new HashMap<>();

  ExportPlaces(long writeMsMax) {
    this.writeMsMax = writeMsMax;
  }

  /** Keeps a place until the person begins to read, not for long. */
  void reserve(String person) {
    var unused = take(person, BEGIN_MS_MAX);
  }

  private synchronized long take(String person, long ms) {
    long now = System.nanoTime();
    places.values().removeIf(deadline -> deadline - now < 0);
    if (places.containsKey(person) || places.size() >= Exports.AT_ONCE_MAX) {
      throw new Exports.BusyException();
    }
    long deadline = now + TimeUnit.MILLISECONDS.toNanos(ms);
    places.put(person, deadline);
    return deadline;
  }

  /** Gives a place back that nobody took. */
  synchronized void release(String person) {
    places.remove(person);
  }

  /**
   * The person begins to read.
   *
   * @return by when it must be whole, a {@link System#nanoTime}
   * @throws IOException when the place was kept long enough, and others have it now
   */
  synchronized long begin(String person) throws IOException {
    release(person);
    try {
      return take(person, writeMsMax);
    } catch (Exports.BusyException e) {
      throw new IOException("the export was asked for too long ago", e);
    }
  }

  /** It was read, or not to its end; a later export of the same person keeps its place. */
  synchronized void end(String person, long deadline) {
    places.remove(person, deadline);
  }

  /** A stream that fails once the time is up. */
  static OutputStream until(long deadline, OutputStream out) {
    return new DeadlineOutput(out, deadline);
  }

  /** Attack: a client reads a byte now and then, and holds a place and a thread for ever. */
  private static final class DeadlineOutput extends FilterOutputStream {
    private final long deadline;

    DeadlineOutput(OutputStream out, long deadline) {
      super(out);
      this.deadline = deadline;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      if (deadline - System.nanoTime() < 0) {
        throw new IOException("the export takes longer than one may");
      }
      out.write(bytes, from, length);
    }
  }
}
