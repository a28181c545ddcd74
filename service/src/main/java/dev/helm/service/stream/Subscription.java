package dev.helm.service.stream;

import dev.helm.service.store.Access;
import dev.helm.service.store.CommitListener.Committed;
import dev.helm.service.store.Store;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One client's place in one run's log, or in the log of all runs that it sees ({@code *}). Used by
 * its session's thread only.
 *
 * <p>It reads the database in pages until a page is not full. Everything that the ring held before
 * that page was read is in the database, so from there the ring takes over without a gap, and
 * numbers that were sent already are passed over. When the ring has moved past it, it reads the
 * database again.
 */
final class Subscription {
  /** Stands for all runs that the client sees. */
  static final String ALL = "*";

  /**
   * What {@code *} leaves out: bulk that changes neither the list of runs nor the inbox. Whoever
   * wants it subscribes to the run.
   */
  static final Set<String> NOT_FOR_ALL = Set.of("tool.output", "model.message");

  private static final int PAGE = 256;

  private final Access access;
  private final String run;
  private final boolean all;
  private final Store store;
  private final Ring ring;

  /** Last number that was sent or passed over: a seq, for {@code *} a pos. */
  private long cursor;

  private long lastSent;
  private long ringPos;
  private boolean live;
  private boolean told;
  private long behindPos;

  Subscription(Access access, String run, long after, Store store, Ring ring) {
    this.access = access;
    this.run = run;
    this.all = run.equals(ALL);
    this.store = store;
    this.ring = ring;
    this.cursor = after;
  }

  String run() {
    return run;
  }

  /** Whether the client has heard caughtUp, so that it may get live text. */
  boolean caughtUp() {
    return told;
  }

  /** The next frame, or null when there is nothing to send now. */
  @Nullable String next() {
    while (true) {
      if (live && !told) {
        told = true;
        return "{\"op\":\"caughtUp\",\"run\":\"" + run + "\",\"seq\":" + lastSent + "}";
      }
      if (live) {
        Batch batch = new Batch();
        long seen = ring.gather(ringPos, this::wanted, batch);
        if (seen >= 0) {
          ringPos = seen;
          return sent(batch);
        }
        live = false;
      }
      String frame = replay();
      if (frame != null) {
        return frame;
      }
    }
  }

  /** How many positions of the store lie between this client and the newest event. */
  long distance() {
    return told ? ring.newest() - Math.max(ringPos, behindPos) : 0;
  }

  /** One page of the database; null when it held nothing to send. */
  private @Nullable String replay() {
    long published = ring.newest();
    List<Committed> page =
        all ? store.replay(access, cursor, PAGE) : store.replay(access, run, cursor, PAGE);
    Batch batch = new Batch();
    boolean full = false;
    for (Committed event : page) {
      if (wanted(event) && !batch.add(event)) {
        full = true;
        break;
      }
      cursor = Math.max(cursor, number(event));
      behindPos = event.pos();
    }
    if (!full && page.size() < PAGE) {
      ringPos = all ? Math.max(published, cursor) : Math.max(published, behindPos);
      live = true;
    }
    return sent(batch);
  }

  private @Nullable String sent(Batch batch) {
    Committed last = batch.last();
    if (last == null) {
      return null;
    }
    cursor = Math.max(cursor, number(last));
    lastSent = number(last);
    return batch.frame();
  }

  private long number(Committed event) {
    return all ? event.pos() : event.seq();
  }

  private boolean wanted(Committed event) {
    return number(event) > cursor
        && (all ? !NOT_FOR_ALL.contains(event.type()) : event.run().equals(run))
        && access.sees(event.project());
  }
}
