package dev.helm.cli.launch;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Starts processes in order, starts again what dies, and ends all of them in the reverse order. Its
 * methods may be called from any thread; {@link #stop} also while {@link #start} still waits.
 */
public final class Supervisor implements AutoCloseable {
  /** Log files have at most this size, and {@link #LOGS_KEPT} old ones stay. */
  static final long LOG_BYTES = 10L << 20;

  static final int LOGS_KEPT = 3;
  private static final int POLL_MS = 20;

  /** Something that has to be undone at the end, in its turn. */
  private sealed interface Undo {
    record Process(Child child) implements Undo {}

    record Action(Runnable run) implements Undo {}
  }

  /** What is told to {@code run/state.json} of one process. */
  public record Life(String name, ProcessId process, int restarts) {}

  private final HelmHome home;
  private final Progress progress;
  private final Runnable changed;
  private final Deque<Undo> undo = new ArrayDeque<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final ExecutorService spawner =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("spawner").factory());
  private boolean stopping;

  /**
   * @param changed called when a process has another pid, from any thread
   */
  public Supervisor(HelmHome home, Progress progress, Runnable changed) {
    this.home = home;
    this.progress = progress;
    this.changed = changed;
  }

  /**
   * Starts these processes together and waits until each is ready.
   *
   * @throws LaunchException when one is not ready in its time or keeps dying; it and all others
   *     then still run until {@link #stop}
   */
  public void start(List<ProcessSpec> specs) throws LaunchException, InterruptedException {
    List<Child> fresh = new ArrayList<>();
    goOn();
    for (ProcessSpec spec : specs) {
      Child child = new Child(spec, spawner, log(spec), progress, changed);
      synchronized (this) {
        if (stopping) {
          throw new LaunchException("Helm is being stopped.", "Start it again with 'helm up'.");
        }
        undo.addLast(new Undo.Process(child));
        child.start();
      }
      progress.begins("start · " + spec.name());
      fresh.add(child);
    }
    awaitAll(fresh);
  }

  /** Any that fails is told of at once, even while another, which needs it, still waits. */
  private void awaitAll(List<Child> children) throws LaunchException, InterruptedException {
    long began = System.nanoTime();
    List<Child> waiting = new ArrayList<>(children);
    while (!waiting.isEmpty()) {
      long waitedMs = (System.nanoTime() - began) / 1_000_000;
      for (Child child : List.copyOf(waiting)) {
        Optional<Duration> took = child.ready(waitedMs);
        if (took.isPresent()) {
          waiting.remove(child);
          double seconds = took.get().toMillis() / 1000.0;
          progress.done("ready · %s · %.1f s".formatted(child.spec().name(), seconds));
        }
      }
      if (!waiting.isEmpty() && stopped.await(POLL_MS, TimeUnit.MILLISECONDS)) {
        throw new LaunchException("Helm was stopped while it started.", "Start it with 'helm up'.");
      }
    }
  }

  /**
   * Returns as long as nobody asked for the end.
   *
   * @throws LaunchException once {@link #stop} was called
   */
  public synchronized void goOn() throws LaunchException {
    if (stopping) {
      throw new LaunchException("Helm is being stopped.", "Start it again with 'helm up'.");
    }
  }

  /** Ends one process for good, before the others. */
  public void end(String name) throws InterruptedException {
    Undo found = null;
    synchronized (this) {
      for (Undo entry : undo) {
        found =
            entry instanceof Undo.Process(Child child) && child.spec().name().equals(name)
                ? entry
                : found;
      }
    }
    if (found instanceof Undo.Process(Child child)) {
      child.stop();
      remove(found);
    }
  }

  /** Registers something to do at the end, after all that is started later has ended. */
  public synchronized void atStop(Runnable action) {
    undo.addLast(new Undo.Action(action));
  }

  /** The processes that run now, in the order of their start. */
  public synchronized List<Life> lives() {
    List<Life> lives = new ArrayList<>();
    for (Undo entry : undo) {
      if (entry instanceof Undo.Process(Child child)) {
        ProcessId process = child.current();
        if (process != null) {
          lives.add(new Life(child.spec().name(), process, child.restarts()));
        }
      }
    }
    return lives;
  }

  /** Ends everything in reverse order. A second call waits for the first. */
  public void stop() throws InterruptedException {
    boolean first;
    synchronized (this) {
      first = !stopping;
      stopping = true;
    }
    if (!first) {
      stopped.await();
      return;
    }
    try {
      for (Undo entry = last(); entry != null; entry = last()) {
        undo(entry);
        remove(entry);
      }
    } finally {
      spawner.shutdown();
      stopped.countDown();
    }
  }

  /** One that fails is told of, and the others are undone all the same. */
  private void undo(Undo entry) throws InterruptedException {
    try {
      switch (entry) {
        case Undo.Process(Child child) -> {
          child.stop();
          progress.done("stopped · " + child.spec().name());
        }
        case Undo.Action(Runnable run) -> run.run();
      }
    } catch (RuntimeException e) {
      progress.failed("stop · " + e);
    }
  }

  /** Waits until everything has been ended. */
  public void awaitStopped() throws InterruptedException {
    stopped.await();
  }

  @Override
  public void close() {
    try {
      stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private RotatingLog log(ProcessSpec spec) {
    return new RotatingLog(home.log(spec.name()), LOG_BYTES, LOGS_KEPT);
  }

  private synchronized @org.jspecify.annotations.Nullable Undo last() {
    return undo.peekLast();
  }

  private synchronized void remove(Undo entry) {
    undo.remove(entry);
  }
}
