package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One authenticated connection of an executor. */
final class ExecutorLine {
  private static final long PING_MS = 5_000;
  private static final long SILENT_MS = 20_000;

  private final SocketChannel channel;
  private final ReentrantLock writing = new ReentrantLock();
  private volatile long heardMs = nowMs();
  private volatile @Nullable Future<?> pulse;

  ExecutorLine(SocketChannel channel) {
    this.channel = channel;
    beat();
  }

  /** Sends one frame; a broken line is noticed by its reader, so nothing is thrown for it. */
  void send(ObjectNode frame) {
    send(() -> frame);
  }

  /** Sends a frame that is made once it is its turn: what it says is then not older than acks. */
  void send(Supplier<ObjectNode> frame) {
    writing.lock();
    try {
      Frames.write(channel, frame.get());
    } catch (IOException e) {
      close();
    } finally {
      writing.unlock();
    }
  }

  ObjectNode read() throws IOException {
    ObjectNode frame = Frames.read(channel, Frames.MAX_FROM_EXECUTOR_BYTES);
    heardMs = nowMs();
    return frame;
  }

  void close() {
    Future<?> beating = pulse;
    if (beating != null) {
      beating.cancel(false);
    }
    Closer.close(channel);
  }

  /** A line whose other end hangs would otherwise look alive for ever. */
  private void beat() {
    pulse =
        Closer.after(
            java.time.Duration.ofMillis(PING_MS),
            () -> {
              if (nowMs() - heardMs > SILENT_MS) {
                close();
              } else if (channel.isOpen()) {
                beat();
                send(Frames.frame("ping"));
              }
            });
  }

  private static long nowMs() {
    return System.nanoTime() / 1_000_000;
  }
}
