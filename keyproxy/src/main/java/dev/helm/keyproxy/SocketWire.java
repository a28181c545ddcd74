package dev.helm.keyproxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;

/** A wire over a socket, plain or with TLS on top of it. */
final class SocketWire extends Wire {
  private final Socket raw;
  private final InputStream in;
  private final OutputStream out;

  /** {@code raw} is the TCP socket, {@code top} the TLS socket over it or {@code raw} itself. */
  SocketWire(Socket raw, Socket top, Watchdog watchdog) throws IOException {
    super(watchdog);
    this.raw = raw;
    this.in = top.getInputStream();
    this.out = top.getOutputStream();
  }

  @Override
  int readNow(byte[] bytes, int offset, int length) throws IOException {
    return in.read(bytes, offset, length);
  }

  @Override
  void writeNow(byte[] bytes, int offset, int length) throws IOException {
    out.write(bytes, offset, length);
    out.flush();
  }

  @Override
  void endOutput() throws IOException {
    raw.shutdownOutput();
  }

  // The TCP socket goes first: closing a TLS socket waits for a writer that hangs.
  @Override
  public void close() {
    try {
      raw.close();
    } catch (IOException e) {
      // Nothing is left to do for a socket that cannot even be closed.
    }
  }
}
