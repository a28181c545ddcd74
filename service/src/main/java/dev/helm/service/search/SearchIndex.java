package dev.helm.service.search;

import dev.helm.api.rest.Bodies;
import dev.helm.service.store.Access;
import dev.helm.service.store.CommitListener;
import dev.helm.service.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds events by their words. The index is a database of its own, fed from the log in the
 * background and never in the writer's transaction; when it is missing, damaged or of another log,
 * it is made anew.
 */
public final class SearchIndex implements CommitListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SearchIndex.class);

  /** Events that come one after the other are taken together. */
  private static final long GATHER_MS = 150;

  /** Less is the lag of a moment. */
  private static final long LAG_TOLD_EVENTS = 200;

  private static final int GIVE_WAY_TIMES = 9;
  private static final long GIVE_WAY_NANOS_MAX = 2_000_000_000L;
  private static final long RETRY_MIN_MS = 500;
  private static final long RETRY_MAX_MS = 60_000;

  private final Store store;
  private final SearchFile file;
  private final Searcher searcher;

  /** Searches hold it shared; who takes the file away holds it alone. */
  private final ReentrantReadWriteLock fileLock = new ReentrantReadWriteLock();

  private final Semaphore news = new Semaphore(0);
  private final Thread thread;
  private volatile long newest;
  private volatile long reached;
  private volatile @Nullable String failing;
  private volatile boolean unreadable;
  private volatile boolean closed;

  private SearchIndex(Store store, SearchFile file) {
    this.store = store;
    this.file = file;
    this.searcher = new Searcher(file);
    this.newest = store.lastPos();
    this.thread = Thread.ofPlatform().name("search-index").daemon(true).unstarted(this::work);
  }

  /** Starts to index what is missing, in the background. */
  public static SearchIndex start(Path home, Store store) {
    return start(store, new SearchFile(home));
  }

  static SearchIndex start(Store store, SearchFile file) {
    SearchIndex index = new SearchIndex(store, file);
    store.onCommit(index);
    index.thread.start();
    return index;
  }

  /** Which events. */
  public record Wanted(
      SearchQuery query, @Nullable String run, Set<String> types, int limit, long before) {}

  /**
   * Events that are seen and hold all the words, newest first.
   *
   * @throws Busy when too many search at once
   */
  public Bodies.SearchResult search(Access access, Wanted wanted) {
    Bodies.SearchResult found = reading(() -> searcher.search(access, wanted));
    return found == null
        ? new Bodies.SearchResult(List.of(), null, true, behind())
        : new Bodies.SearchResult(found.items(), found.nextCursor(), found.partial(), behind());
  }

  /** Ids of runs; {@code partial}: not everything was looked through. */
  public record Runs(Set<String> ids, boolean partial) {}

  /**
   * Ids of runs that are seen and have an event with all the words, those with the newest event
   * first; as many as are found in time.
   *
   * @throws Busy when too many search at once
   */
  public Runs runs(Access access, SearchQuery query) {
    Runs found = reading(() -> searcher.runs(access, query));
    return found == null ? new Runs(Set.of(), true) : found;
  }

  /** Too many search at once; nothing was looked for. */
  public static final class Busy extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private interface Reading<T> {
    T read() throws SQLException;
  }

  /** Null while the file cannot be read; the status says why. */
  private <T> @Nullable T reading(Reading<T> reading) {
    fileLock.readLock().lock();
    try {
      return reading.read();
    } catch (SQLException e) {
      LOG.info("the search index cannot be read: {}", e.toString());
      if (SearchFile.isDamaged(e)) {
        unreadable = true;
        news.release();
      }
      return null;
    } finally {
      fileLock.readLock().unlock();
    }
  }

  /** Events that are in the log and not yet found. */
  public long behind() {
    return Math.max(0, newest - reached);
  }

  /** The log's position up to which everything is found. */
  long reached() {
    return reached;
  }

  /** How it is, for the status. */
  public Bodies.Component component() {
    String reason = failing;
    long behind = behind();
    String lag =
        behind <= LAG_TOLD_EVENTS
            ? null
            : String.format(Locale.ROOT, "%,d newest events cannot be found yet", behind);
    return reason == null
        ? new Bodies.Component("search", "healthy", lag)
        : new Bodies.Component("search", "degraded", reason);
  }

  @Override
  public void committed(List<Committed> events) {
    newest = events.getLast().pos();
    if (news.availablePermits() == 0) {
      news.release();
    }
  }

  private void work() {
    long waitMs = RETRY_MIN_MS;
    while (!closed) {
      try {
        follow();
      } catch (InterruptedException e) {
        return;
      } catch (Throwable e) {
        // An error too, such as one event too large for the heap: the thread is the only one.
        if (closed) {
          return;
        }
        failing = "the index cannot be written (" + reason(e) + "); it is tried again";
        LOG.warn("the search index failed: {}", e.toString());
        if (SearchFile.isDamaged(e) || SearchFile.isDamaged(e.getCause())) {
          anew();
        }
      }
      waitMs = failing == null ? RETRY_MIN_MS : Math.min(RETRY_MAX_MS, 2 * waitMs);
      pause(waitMs);
    }
  }

  private static String reason(Throwable e) {
    return e instanceof Error ? e.toString() : String.valueOf(e.getMessage());
  }

  private void pause(long ms) {
    try {
      TimeUnit.MILLISECONDS.sleep(ms);
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  private void anew() {
    fileLock.writeLock().lock();
    try {
      searcher.close();
      file.delete();
      unreadable = false;
      reached = 0;
    } catch (IOException e) {
      LOG.warn("the search index cannot be deleted: {}", e.toString());
    } finally {
      fileLock.writeLock().unlock();
    }
  }

  /** Returns when the file has to be made anew. */
  private void follow() throws SQLException, IOException, InterruptedException {
    try (Connection connection = opened()) {
      Indexer indexer = new Indexer(store, connection);
      if (!indexer.fits()) {
        LOG.info("the search index is of another log and is made anew");
        connection.close();
        anew();
        return;
      }
      reached = SearchFile.reached(connection).pos();
      while (!closed) {
        file.checkRoom();
        long began = System.nanoTime();
        long newestBefore = newest;
        long next = indexer.next();
        failing = null;
        if (next >= 0) {
          reached = next;
          giveWay(newest - newestBefore, System.nanoTime() - began);
        } else {
          news.acquire();
          TimeUnit.MILLISECONDS.sleep(GATHER_MS);
          news.drainPermits();
        }
        if (unreadable) {
          LOG.warn("the search index is damaged or gone and is made anew");
          connection.close();
          anew();
          return;
        }
      }
    }
  }

  /** While the writer is faster than the index can be, the processor is the writer's. */
  private static void giveWay(long written, long tookNanos) throws InterruptedException {
    if (written > Indexer.BATCH_EVENTS) {
      TimeUnit.NANOSECONDS.sleep(Math.min(GIVE_WAY_NANOS_MAX, GIVE_WAY_TIMES * tookNanos));
    }
  }

  private Connection opened() throws SQLException, IOException {
    fileLock.writeLock().lock();
    try {
      searcher.close();
      return file.open();
    } finally {
      fileLock.writeLock().unlock();
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    fileLock.writeLock().lock();
    try {
      searcher.close();
    } finally {
      fileLock.writeLock().unlock();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
