package dev.helm.service.audit;

import dev.helm.activities.store.RunLog;
import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.event.LoggedEvent;
import dev.helm.service.store.CheckpointStore;
import dev.helm.service.store.CommitListener;
import dev.helm.service.store.Times;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signs the chains: at every {@value Checkpoint#EVERY_EVENTS}th event, within a minute of any
 * event, and at a run's end. It works on a thread of its own and after the commit, so that nobody
 * who appends waits for a signature. What is due is read from the tables: a kill loses nothing.
 *
 * <p>It computes each hash anew from the last checkpoint on before it signs, so that it never
 * vouches for a chain that somebody changed.
 */
public final class Checkpointer implements CommitListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpointer.class);
  private static final long MINUTE_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final long LOOK_EVERY_MS = 5_000;
  private static final int PAGE = 500;
  private static final int CHAINS_PAGE = 100;

  private final CheckpointStore store;
  private final AuditKey key;
  private final Clock clock;
  private final @Nullable Anchor anchor;
  private final Map<String, Waiting> waiting = new ConcurrentHashMap<>();
  private final Map<String, String> broken = new ConcurrentHashMap<>();
  private final Semaphore due = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closing;
  private volatile boolean caughtUp;
  private volatile @Nullable String anchorTrouble;
  private volatile @Nullable String trouble;

  /** Events of a chain without a checkpoint; {@code since} is when the first of them came. */
  private record Waiting(long since, long from, boolean now) {}

  /**
   * @param anchorFile where each checkpoint is also written, or null
   */
  public Checkpointer(CheckpointStore store, AuditKey key, Clock clock, @Nullable Path anchorFile) {
    this.store = store;
    this.key = key;
    this.clock = clock;
    this.anchor = anchorFile == null ? null : new Anchor(anchorFile, store);
    this.thread = Thread.ofPlatform().name("checkpoints").daemon(true).unstarted(this::loop);
  }

  /** Begins: first what a former life left without a checkpoint. */
  public void start() {
    thread.start();
  }

  @Override
  public void committed(List<Committed> events) {
    for (Committed event : events) {
      note(event.run(), event.seq(), event.type().equals("run.finished"));
    }
  }

  /** An entry of the audit log is on disk. */
  public void audited(long seq) {
    note(Checkpoint.AUDIT, seq, false);
  }

  private void note(String run, long seq, boolean end) {
    Waiting before = waiting.get(run);
    boolean round = end || seq % Checkpoint.EVERY_EVENTS == 0;
    if (before == null) {
      waiting.put(run, new Waiting(System.nanoTime(), seq, round));
    } else if (round && !before.now()) {
      waiting.put(run, new Waiting(before.since(), before.from(), true));
    }
    if (round && due.availablePermits() == 0) {
      due.release();
    }
  }

  private void loop() {
    while (!closing) {
      try {
        boolean asked = due.tryAcquire(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
        due.drainPermits();
        round();
        if (asked) {
          // Groups what comes in quick succession into one transaction.
          due.tryAcquire(0, 20, TimeUnit.MILLISECONDS);
        }
      } catch (InterruptedException e) {
        closing = true;
      } catch (RuntimeException e) {
        trouble = "checkpoints wait: " + e.getMessage();
        if (!(e instanceof RunLog.LogUnavailableException)) {
          LOG.warn("checkpoints could not be made", e);
        }
      }
    }
  }

  private synchronized void round() {
    if (!caughtUp) {
      store.keep(key.id(), key.signer().pem());
      List<String> page = store.uncovered("", CHAINS_PAGE);
      while (!page.isEmpty()) {
        page.forEach(this::coverQuietly);
        page = store.uncovered(page.getLast(), CHAINS_PAGE);
      }
      caughtUp = true;
    }
    List<Checkpoint> made = new ArrayList<>();
    List<String> done = new ArrayList<>();
    long now = System.nanoTime();
    try {
      for (Map.Entry<String, Waiting> entry : waiting.entrySet()) {
        if (entry.getValue().now() || now - entry.getValue().since() > MINUTE_NANOS) {
          // Before the look: an event that comes meanwhile is noted anew.
          waiting.remove(entry.getKey());
          done.add(entry.getKey());
          made.addAll(madeQuietly(entry.getKey(), now - entry.getValue().since() > MINUTE_NANOS));
        }
      }
      keep(made);
    } catch (RuntimeException e) {
      done.forEach(run -> waiting.put(run, new Waiting(now, 0, true)));
      throw e;
    }
    trouble = null;
    anchorTrouble = anchor == null ? null : anchor.catchUp();
  }

  private void keep(List<Checkpoint> made) {
    for (int from = 0; from < made.size(); from += PAGE) {
      store.add(made.subList(from, Math.min(made.size(), from + PAGE)));
    }
  }

  private void coverQuietly(String run) {
    keep(madeQuietly(run, true));
  }

  private List<Checkpoint> madeQuietly(String run, boolean head) {
    try {
      List<Checkpoint> made = make(run, head);
      broken.remove(run);
      return made;
    } catch (BrokenChainException e) {
      if (broken.put(run, String.valueOf(e.getMessage())) == null) {
        LOG.error("not signed: {}", e.getMessage());
      }
      return List.of();
    }
  }

  /**
   * Has the last event of a chain signed by today's key.
   *
   * @return its place, or null for an empty chain
   * @throws BrokenChainException when the chain was changed
   */
  public synchronized CheckpointStore.@Nullable Place cover(String run) {
    store.keep(key.id(), key.signer().pem());
    CheckpointStore.Place head = store.head(run);
    if (head == null) {
      return null;
    }
    keep(make(run, true));
    Checkpoint last = store.last(run);
    if (last != null && last.seq() > head.seq()) {
      // The run went on meanwhile, and what is signed now is a later event; or the log was cut.
      List<CheckpointStore.Link> later = store.links(run, last.seq() - 1, 1);
      boolean there = !later.isEmpty() && later.getFirst().seq() == last.seq();
      return there ? place(later.getFirst()) : head;
    }
    if (last == null || last.seq() < head.seq() || !last.keyId().equals(key.id())) {
      store.add(List.of(signed(run, head.seq(), head.hash(), head.at())));
    }
    return head;
  }

  private static CheckpointStore.Place place(CheckpointStore.Link link) {
    return new CheckpointStore.Place(link.seq(), link.hash(), link.at());
  }

  /** The checkpoints that a chain lacks, by seq; the last event's too if wanted, or at an end. */
  private List<Checkpoint> make(String run, boolean head) {
    Checkpoint last = store.last(run);
    long after = last == null ? 0 : last.seq();
    String hash = last == null ? LoggedEvent.NO_PREV : last.hash();
    List<Checkpoint> made = new ArrayList<>();
    List<CheckpointStore.Link> page;
    CheckpointStore.Link link = null;
    do {
      page = store.links(run, after, PAGE);
      for (CheckpointStore.Link next : page) {
        check(run, next, after, hash);
        link = next;
        after = next.seq();
        hash = next.hash();
        if (after % Checkpoint.EVERY_EVENTS == 0 || next.type().equals("run.finished")) {
          made.add(signed(run, after, hash, next.at()));
        }
      }
    } while (page.size() == PAGE);
    boolean open = made.isEmpty() || made.getLast().seq() < after;
    if (link != null && open && head) {
      made.add(signed(run, after, hash, link.at()));
    } else if (link != null && open) {
      waiting.putIfAbsent(run, new Waiting(System.nanoTime(), after, false));
    }
    return made;
  }

  private static void check(String run, CheckpointStore.Link link, long after, String hash) {
    if (link.seq() != after + 1
        || !link.prev().equals(hash)
        || !link.hash().equals(link.computed())) {
      throw new BrokenChainException(
          "the log of %s was changed at its event %d".formatted(run, link.seq()));
    }
  }

  private Checkpoint signed(String run, long seq, String hash, String eventAt) {
    String now = Times.text(clock.instant());
    return key.checkpoint(run, seq, hash, now.compareTo(eventAt) < 0 ? eventAt : now);
  }

  /** The key's fingerprint. */
  public String keyId() {
    return key.id();
  }

  /** The key, for what else is signed. */
  AuditKey key() {
    return key;
  }

  /** What is wrong in words, or null. */
  public @Nullable String trouble() {
    if (!broken.isEmpty()) {
      String first = broken.values().iterator().next();
      return broken.size() == 1 ? first : first + ", and " + (broken.size() - 1) + " more";
    }
    String waits = trouble;
    return waits == null ? anchorTrouble : waits;
  }

  @Override
  public void close() {
    closing = true;
    thread.interrupt();
    try {
      thread.join(2_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The chain does not fit together, so it is not signed. */
  public static final class BrokenChainException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BrokenChainException(String message) {
      super(message, null, false, false);
    }
  }
}
