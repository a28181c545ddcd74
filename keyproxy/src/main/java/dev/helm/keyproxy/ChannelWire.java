package dev.helm.keyproxy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** A wire over a TCP or unix channel. */
final class ChannelWire extends Wire {
  private final SocketChannel channel;

  ChannelWire(SocketChannel channel, Watchdog watchdog) {
    super(watchdog);
    this.channel = channel;
  }

  @Override
  int readNow(byte[] bytes, int offset, int length) throws IOException {
    return channel.read(ByteBuffer.wrap(bytes, offset, length));
  }

  @Override
  void writeNow(byte[] bytes, int offset, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  @Override
  void endOutput() throws IOException {
    channel.shutdownOutput();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing is left to do for a socket that cannot even be closed.
    }
  }
}
