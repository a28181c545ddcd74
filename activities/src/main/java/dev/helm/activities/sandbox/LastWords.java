package dev.helm.activities.sandbox;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Keeps the end of an output. */
final class LastWords implements EffectSink {
  private static final int KEPT_BYTES = 8 << 10;

  private byte[] kept = new byte[0];

  @Override
  public synchronized void output(long offsetBytes, byte[] data) {
    byte[] all = Arrays.copyOf(kept, kept.length + data.length);
    System.arraycopy(data, 0, all, kept.length, data.length);
    kept = Arrays.copyOfRange(all, Math.max(0, all.length - KEPT_BYTES), all.length);
  }

  synchronized String text() {
    return new String(kept, StandardCharsets.UTF_8);
  }
}
