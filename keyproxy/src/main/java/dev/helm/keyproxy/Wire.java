package dev.helm.keyproxy;

import java.io.IOException;

/**
 * A connection with a deadline for each read and write. One thread may read while another writes;
 * any thread may close, which ends both at once.
 */
abstract class Wire implements AutoCloseable {
  private final Watchdog.Guard reading;
  private final Watchdog.Guard writing;

  @SuppressWarnings("this-escape")
  Wire(Watchdog watchdog) {
    reading = watchdog.guard(this::close);
    writing = watchdog.guard(this::close);
  }

  /** A read or write that took longer than its deadline; the wire is closed by then. */
  static final class LateException extends IOException {
    private static final long serialVersionUID = 1;

    LateException(String message) {
      super(message);
    }
  }

  /** A read step: how many bytes came, or -1 at the end of the input. */
  @FunctionalInterface
  interface Read {
    int run() throws IOException;
  }

  abstract int readNow(byte[] bytes, int offset, int length) throws IOException;

  abstract void writeNow(byte[] bytes, int offset, int length) throws IOException;

  /** Tells the peer that nothing more comes; it may still send. */
  abstract void endOutput() throws IOException;

  /** Closes at once, without waiting for the peer or for another thread. */
  @Override
  public abstract void close();

  final int read(byte[] bytes, int offset, int length, long timeoutMs) throws IOException {
    return within(timeoutMs, () -> readNow(bytes, offset, length));
  }

  final int within(long timeoutMs, Read step) throws IOException {
    reading.arm(timeoutMs);
    try {
      return step.run();
    } catch (IOException e) {
      throw reading.fired() ? late("nothing came for " + timeoutMs + " ms", e) : e;
    } finally {
      reading.disarm();
    }
  }

  final void write(byte[] bytes, int offset, int length, long timeoutMs) throws IOException {
    writing.arm(timeoutMs);
    try {
      writeNow(bytes, offset, length);
    } catch (IOException e) {
      throw writing.fired() ? late("nothing was taken for " + timeoutMs + " ms", e) : e;
    } finally {
      writing.disarm();
    }
  }

  private static IOException late(String message, IOException cause) {
    LateException late = new LateException(message);
    late.addSuppressed(cause);
    return late;
  }
}
