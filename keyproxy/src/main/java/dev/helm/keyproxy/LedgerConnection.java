package dev.helm.keyproxy;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** One connection to the ledger: whole lines out, whole lines in. */
final class LedgerConnection implements AutoCloseable {
  private static final long FOREVER_MS = TimeUnit.DAYS.toMillis(3650);

  private final Wire wire;
  private final long writeMs;
  private final ReentrantLock writing = new ReentrantLock();
  private final byte[] buffer = new byte[8192];
  private int position;
  private int end;

  private LedgerConnection(Wire wire, long writeMs) {
    this.wire = wire;
    this.writeMs = writeMs;
  }

  static LedgerConnection open(Path socket, Watchdog watchdog, long writeMs) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    return new LedgerConnection(Wire.of(channel, watchdog), writeMs);
  }

  /** Writes a line; a ledger that does not take it in time loses the connection. */
  void send(byte[] line) throws IOException {
    writing.lock();
    try {
      wire.write(line, 0, line.length, writeMs);
    } catch (IOException e) {
      wire.close();
      throw e;
    } finally {
      writing.unlock();
    }
  }

  /** The next answer, waiting for ever. */
  LedgerLines.Answer read() throws IOException {
    return read(FOREVER_MS);
  }

  LedgerLines.Answer read(long timeoutMs) throws IOException {
    ByteSink line = new ByteSink(512);
    while (true) {
      for (int i = position; i < end; i++) {
        if (buffer[i] == '\n') {
          line.add(buffer, position, i - position);
          position = i + 1;
          return LedgerLines.read(line.array(), line.length());
        }
      }
      line.add(buffer, position, end - position);
      position = 0;
      end = 0;
      if (line.length() > LedgerLines.MAX_LINE_BYTES) {
        throw new IOException("the ledger sent a line that is too long");
      }
      int count = wire.read(buffer, 0, buffer.length, timeoutMs);
      if (count < 0) {
        throw new EOFException("the ledger closed the connection");
      }
      end = count;
    }
  }

  @Override
  public void close() {
    wire.close();
  }
}
