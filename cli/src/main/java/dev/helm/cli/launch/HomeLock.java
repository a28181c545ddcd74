package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;

/** Held by the one launcher of a HELM_HOME; the kernel frees it when that launcher dies. */
final class HomeLock implements AutoCloseable {
  private final FileChannel channel;

  private HomeLock(FileChannel channel) {
    this.channel = channel;
  }

  /** Takes the lock; empty when another launcher has it. */
  static Optional<HomeLock> tryTake(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return Optional.of(new HomeLock(channel));
      }
    } catch (OverlappingFileLockException e) {
      channel.close(); // this very JVM has it
      return Optional.empty();
    }
    channel.close();
    return Optional.empty();
  }

  /** Takes the lock, waiting for the other launcher to end. */
  static Optional<HomeLock> take(Path file, long waitMs) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + waitMs * 1_000_000;
    while (true) {
      Optional<HomeLock> lock = tryTake(file);
      if (lock.isPresent() || System.nanoTime() > deadline) {
        return lock;
      }
      Thread.sleep(50);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
