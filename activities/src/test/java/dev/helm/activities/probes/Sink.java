package dev.helm.activities.probes;

import dev.helm.activities.sandbox.EffectSink;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Takes a command's output, checks its order, and knows the longest silence. */
final class Sink implements EffectSink {
  private final ByteArrayOutputStream all = new ByteArrayOutputStream();
  private long last = System.nanoTime();
  private long longestPause;

  @Override
  public synchronized void output(long offsetBytes, byte[] data) {
    if (offsetBytes != all.size()) {
      throw new AssertionError("offset " + offsetBytes + " after " + all.size());
    }
    all.writeBytes(data);
    long now = System.nanoTime();
    longestPause = Math.max(longestPause, now - last);
    last = now;
    notifyAll();
  }

  synchronized int size() {
    return all.size();
  }

  synchronized String text() {
    return all.toString(StandardCharsets.UTF_8);
  }

  synchronized long longestPauseMs() {
    return TimeUnit.NANOSECONDS.toMillis(longestPause);
  }

  synchronized void await(String word) throws InterruptedException, TimeoutException {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!text().contains(word)) {
      long left = TimeUnit.NANOSECONDS.toMillis(due - System.nanoTime());
      if (left <= 0) {
        throw new TimeoutException("no '" + word + "' in: " + text());
      }
      wait(left);
    }
  }
}
