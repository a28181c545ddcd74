package dev.helm.activities.sandbox;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A sink in memory that checks order and lets a test wait for output. */
final class Collected implements EffectSink {
  private final ByteArrayOutputStream all = new ByteArrayOutputStream();
  private final long start;

  Collected(long start) {
    this.start = start;
  }

  @Override
  public synchronized void output(long offsetBytes, byte[] data) {
    if (offsetBytes != start + all.size()) {
      throw new AssertionError("offset " + offsetBytes + " after " + (start + all.size()));
    }
    all.writeBytes(data);
    notifyAll();
  }

  synchronized int size() {
    return all.size();
  }

  synchronized String text() {
    return all.toString(StandardCharsets.UTF_8);
  }

  synchronized void await(int bytes) throws InterruptedException, TimeoutException {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (all.size() < bytes) {
      long left = (due - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new TimeoutException("only " + all.size() + " bytes: " + text());
      }
      wait(left);
    }
  }
}
