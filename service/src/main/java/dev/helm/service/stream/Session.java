package dev.helm.service.stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.helm.activities.store.RunLog.LogUnavailableException;
import dev.helm.api.stream.ClientFrame;
import dev.helm.api.stream.Frame;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries.Resolved;
import dev.helm.service.store.Store;
import dev.helm.workflows.HelmJson;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client. A virtual thread of its own makes one frame at a time and waits until the transport
 * took it, so what a slow client costs is a cursor and not a queue.
 */
public final class Session {
  /** Most subscriptions of one client. */
  public static final int SUBSCRIPTIONS_MAX = 64;

  private static final Logger LOG = LoggerFactory.getLogger(Session.class);
  private static final int REQUESTS_MAX = 256;
  private static final String PING = "{\"op\":\"ping\"}";

  private final Access access;
  private final Subscriber subscriber;
  private final Store store;
  private final Ring ring;
  private final StreamLimits limits;
  private final Consumer<Session> ended;
  private final Semaphore work = new Semaphore(0);
  private final Queue<String> requests = new ArrayBlockingQueue<>(REQUESTS_MAX);
  private final Queue<String> deltas;
  private final Map<String, Subscription> subscriptions = new LinkedHashMap<>();
  private final Set<String> watched = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;
  private volatile Frame.@Nullable Error lastWords;

  Session(
      Access access,
      Subscriber subscriber,
      Store store,
      Ring ring,
      StreamLimits limits,
      Consumer<Session> ended) {
    this.access = access;
    this.subscriber = subscriber;
    this.store = store;
    this.ring = ring;
    this.limits = limits;
    this.ended = ended;
    this.deltas = new ArrayBlockingQueue<>(limits.deltasMax());
  }

  void start() {
    Thread.ofVirtual().name("stream-session").start(this::loop);
  }

  /** Takes a text frame of the client; never blocks. */
  public void receive(String json) {
    if (!requests.offer(json)) {
      end(new Frame.Error("too_many_requests", "too many frames wait; send fewer", null));
    }
    signal();
  }

  /** The client's socket is gone. */
  public void close() {
    closed = true;
    signal();
  }

  void end(Frame.Error words) {
    lastWords = words;
    closed = true;
    signal();
  }

  void wake(Set<String> runs) {
    if (watched.contains(Subscription.ALL)) {
      signal();
    } else {
      for (String run : watched) {
        if (runs.contains(run)) {
          signal();
          return;
        }
      }
    }
  }

  boolean watches(String run) {
    return watched.contains(run);
  }

  void offer(String delta) {
    if (deltas.offer(delta)) {
      signal();
    }
  }

  private void signal() {
    // One permit says that there is something to do; more would only spin the loop.
    if (work.availablePermits() == 0) {
      work.release();
    }
  }

  private void loop() {
    try {
      while (!closed) {
        if (!work.tryAcquire(limits.pingEveryMs(), TimeUnit.MILLISECONDS)) {
          send(PING);
        }
        work.drainPermits();
        turn();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (GoneException e) {
      LOG.debug("a stream client is gone: {}", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("a stream session failed", e);
      lastWords = new Frame.Error("internal", "the stream failed; connect again", null);
    } finally {
      closed = true;
      ended.accept(this);
      Frame.Error words = lastWords;
      if (words != null) {
        subscriber.close(words);
      }
    }
  }

  private void turn() throws InterruptedException, GoneException {
    boolean more = true;
    while (more && !closed) {
      more = false;
      for (String request = requests.poll(); request != null; request = requests.poll()) {
        handle(request);
      }
      for (String delta = deltas.poll(); delta != null && !closed; delta = deltas.poll()) {
        send(delta);
      }
      for (Subscription subscription : subscriptions.values()) {
        more |= step(subscription);
      }
    }
  }

  private boolean step(Subscription subscription) throws InterruptedException, GoneException {
    String frame = next(subscription);
    if (frame == null || closed) {
      return false;
    }
    send(frame);
    if (subscription.caughtUp()) {
      watchable(subscription);
    }
    if (subscription.distance() > limits.behindMax()) {
      end(tooSlow("more than " + limits.behindMax() + " events behind"));
    }
    return true;
  }

  private @Nullable String next(Subscription subscription) {
    try {
      return subscription.next();
    } catch (LogUnavailableException e) {
      end(new Frame.Error("log_unavailable", "the log cannot be read; connect again", null));
      return null;
    }
  }

  private void watchable(Subscription subscription) {
    watched.add(subscription.run());
  }

  private void send(String json) throws InterruptedException, GoneException {
    try {
      subscriber.send(json).get(limits.sendTimeoutMs(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      end(tooSlow("a frame was not taken within " + limits.sendTimeoutMs() + " ms"));
    } catch (ExecutionException e) {
      throw new GoneException(String.valueOf(e.getMessage()));
    }
  }

  private static Frame.Error tooSlow(String why) {
    return new Frame.Error(
        "too_slow", why + "; connect again with the last seq, nothing is lost", null);
  }

  private void handle(String json) throws InterruptedException, GoneException {
    ClientFrame frame;
    try {
      frame = HelmJson.mapper().readValue(json, ClientFrame.class);
    } catch (JsonProcessingException e) {
      error("bad_request", "a frame is {\"op\",\"run\",\"after\"?}", null);
      return;
    }
    if (frame == null || frame.op() == null || frame.run() == null) {
      error("bad_request", "a frame has \"op\" and \"run\"", null);
      return;
    }
    switch (frame.op()) {
      case "subscribe" -> subscribe(frame);
      case "unsubscribe" -> unsubscribe(frame.run());
      default -> error("bad_request", "op is subscribe or unsubscribe", frame.run());
    }
  }

  private void subscribe(ClientFrame frame) throws InterruptedException, GoneException {
    String run = resolve(frame.run());
    long after = frame.after() == null ? 0 : frame.after();
    if (run == null) {
      return;
    }
    if (after < 0) {
      error("bad_request", "after is 0 or more", frame.run());
      return;
    }
    if (subscriptions.size() >= SUBSCRIPTIONS_MAX && !subscriptions.containsKey(run)) {
      error("too_many_requests", "at most " + SUBSCRIPTIONS_MAX + " subscriptions", frame.run());
      return;
    }
    watched.remove(run);
    subscriptions.put(run, new Subscription(access, run, after, store, ring));
  }

  private void unsubscribe(String prefix) throws InterruptedException, GoneException {
    String run = resolve(prefix);
    if (run != null) {
      subscriptions.remove(run);
      watched.remove(run);
    }
  }

  private @Nullable String resolve(String run) throws InterruptedException, GoneException {
    if (run.equals(Subscription.ALL)) {
      return run;
    }
    switch (store.queries().resolve(access, run)) {
      case Resolved.One one -> {
        return one.run();
      }
      case Resolved.None none -> error("not_found", "there is no such run", run);
      case Resolved.Ambiguous several ->
          error("ambiguous_id", "several runs begin so; give more digits", run);
    }
    return null;
  }

  private void error(String code, String message, @Nullable String run)
      throws InterruptedException, GoneException {
    send(HelmJson.write(new Frame.Error(code, message, run)));
  }

  /** The socket no longer takes anything. */
  private static final class GoneException extends Exception {
    private static final long serialVersionUID = 1;

    GoneException(String message) {
      super(message);
    }
  }
}
