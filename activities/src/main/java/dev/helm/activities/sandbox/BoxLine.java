package dev.helm.activities.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;

/** A program's stdin and stdout over one socket. */
final class BoxLine {
  private final SocketChannel channel;

  BoxLine(SocketChannel channel) {
    this.channel = channel;
  }

  InputStream out() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
          return 0;
        }
        try {
          return channel.read(ByteBuffer.wrap(into, offset, length));
        } catch (ClosedChannelException e) {
          return -1;
        }
      }

      @Override
      public void close() {
        Closer.close(channel);
      }
    };
  }

  OutputStream in() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(from, offset, length);
        while (left.hasRemaining()) {
          channel.write(left);
        }
      }

      @Override
      public void close() throws IOException {
        try {
          channel.shutdownOutput();
        } catch (ClosedChannelException e) {
          // Closed both ways already.
        }
      }
    };
  }
}
