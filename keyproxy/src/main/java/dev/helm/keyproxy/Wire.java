package dev.helm.keyproxy;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;

/**
 * A connection with a deadline for each read and write. One thread may read while another writes;
 * any thread may close, which ends both at once.
 */
final class Wire implements AutoCloseable {
  private final InputStream in;
  private final OutputStream out;
  private final Closeable socket;
  private final Closeable output;
  private final Watchdog.Guard reading;
  private final Watchdog.Guard writing;

  /** {@code output} ends the output alone. */
  Wire(InputStream in, OutputStream out, Closeable socket, Closeable output, Watchdog watchdog) {
    this.in = in;
    this.out = out;
    this.socket = socket;
    this.output = output;
    reading = watchdog.guard(this::close);
    writing = watchdog.guard(this::close);
  }

  static Wire of(SocketChannel channel, Watchdog watchdog) {
    return new Wire(
        Channels.newInputStream(channel),
        Channels.newOutputStream(channel),
        channel,
        channel::shutdownOutput,
        watchdog);
  }

  /**
   * {@code raw} is the TCP socket, {@code top} the TLS socket over it or {@code raw} itself. The
   * TCP socket is closed: closing a TLS socket waits for a writer that hangs.
   */
  static Wire of(Socket raw, Socket top, Watchdog watchdog) throws IOException {
    return new Wire(
        top.getInputStream(), top.getOutputStream(), raw, raw::shutdownOutput, watchdog);
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

  /** Without a deadline. */
  int readNow(byte[] bytes, int offset, int length) throws IOException {
    return in.read(bytes, offset, length);
  }

  /** Tells the peer that nothing more comes; it may still send. */
  void endOutput() throws IOException {
    output.close();
  }

  /** Closes at once, without waiting for the peer or for another thread. */
  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // Nothing is left to do for a socket that cannot even be closed.
    }
  }

  int read(byte[] bytes, int offset, int length, long timeoutMs) throws IOException {
    return within(timeoutMs, () -> readNow(bytes, offset, length));
  }

  int within(long timeoutMs, Read step) throws IOException {
    reading.arm(timeoutMs);
    try {
      return step.run();
    } catch (IOException e) {
      throw reading.fired() ? late("nothing came for " + timeoutMs + " ms", e) : e;
    } finally {
      reading.disarm();
    }
  }

  void write(byte[] bytes, int offset, int length, long timeoutMs) throws IOException {
    writing.arm(timeoutMs);
    try {
      out.write(bytes, offset, length);
      out.flush();
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
