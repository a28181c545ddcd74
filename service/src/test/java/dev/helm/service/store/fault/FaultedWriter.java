package dev.helm.service.store.fault;

import dev.helm.activities.store.RunLog.LogUnavailableException;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreException;
import dev.helm.service.store.StoreFixture;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * The process whose system calls fail: it appends events one by one, each with a blob, and prints a
 * line for each that was acknowledged.
 */
public final class FaultedWriter {
  private static final int TRIES_AFTER = 50;

  private FaultedWriter() {}

  /** Arguments: home, events, bytes of each one's blob, and what to do once one is refused. */
  public static void main(String[] args) {
    Store store;
    try {
      store = Store.open(Path.of(args[0]), Clock.systemUTC());
    } catch (StoreException | LogUnavailableException e) {
      System.out.println("cannot open");
      Runtime.getRuntime().halt(3);
      return;
    }
    try {
      List<String> runs = store.queries().activeRunIds();
      String run = runs.isEmpty() ? StoreFixture.run(store) : runs.getFirst();
      System.out.println("run " + run);
      int events = Integer.parseInt(args[1]);
      String life = Long.toHexString(System.nanoTime());
      for (int i = 0; i < events; i++) {
        append(store, run, life + "-" + i, Integer.parseInt(args[2]));
      }
      System.out.println("all written");
      if (args[3].equals("close")) {
        store.close();
        System.out.println("closed");
      }
    } catch (LogUnavailableException e) {
      System.out.println("refused " + e.getMessage());
      System.out.println("health " + store.health().writable() + " " + store.health().detail());
      if (args[3].equals("wait")) {
        goOnWhenItCan(store);
      }
      System.out.println("accepted afterwards " + tries(store));
    }
    // No orderly end: nothing may depend on one.
    Runtime.getRuntime().halt(0);
  }

  private static void goOnWhenItCan(Store store) {
    while (!store.health().writable()) {
      LockSupport.parkNanos(20_000_000);
    }
  }

  private static int tries(Store store) {
    int accepted = 0;
    List<String> runs = store.queries().activeRunIds();
    for (int i = 0; i < TRIES_AFTER; i++) {
      try {
        append(store, runs.isEmpty() ? StoreFixture.run(store) : runs.getFirst(), "after-" + i, 10);
        accepted++;
      } catch (LogUnavailableException e) {
        LockSupport.parkNanos(1_000_000);
      }
    }
    return accepted;
  }

  private static void append(Store store, String run, String text, int blobBytes) {
    byte[] blob = new byte[blobBytes];
    System.arraycopy(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII), 0, blob, 0, 4);
    blob[blobBytes - 1] = (byte) text.hashCode();
    String sha256 = store.blobs().put(blob, "application/octet-stream");
    long seq = store.log().append(run, List.of(StoreFixture.output(text, text))).getFirst();
    System.out.println("ack " + seq + " " + text + " " + sha256 + " .");
  }
}
