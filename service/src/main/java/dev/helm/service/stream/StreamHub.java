package dev.helm.service.stream;

import dev.helm.activities.store.LiveText;
import dev.helm.api.stream.Frame;
import dev.helm.service.store.Access;
import dev.helm.service.store.CommitListener;
import dev.helm.service.store.Store;
import dev.helm.workflows.HelmJson;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Brings committed events to whoever watches. The writer's thread only puts them into a ring and
 * wakes the sessions; each session reads at its client's pace.
 */
public final class StreamHub implements CommitListener, LiveText, AutoCloseable {
  private final Store store;
  private final StreamLimits limits;
  private final Ring ring;
  private final Set<Session> sessions = ConcurrentHashMap.newKeySet();

  /** A hub that listens to a store. */
  public StreamHub(Store store) {
    this(store, StreamLimits.STANDARD);
  }

  /** A hub with bounds of one's own. */
  public StreamHub(Store store, StreamLimits limits) {
    this.store = store;
    this.limits = limits;
    this.ring = new Ring(limits.ringEventsMax(), limits.ringCharsMax(), store.lastPos());
    store.onCommit(this);
  }

  /** Serves a client until either side closes, with events of the runs that it sees. */
  public Session open(Access access, Subscriber subscriber) {
    Session session = new Session(access, subscriber, store, ring, limits, sessions::remove);
    sessions.add(session);
    session.start();
    return session;
  }

  /** Clients that are connected. */
  public int connected() {
    return sessions.size();
  }

  @Override
  public void committed(List<Committed> events) {
    ring.add(events);
    Set<String> runs = new HashSet<>();
    events.forEach(event -> runs.add(event.run()));
    sessions.forEach(session -> session.wake(runs));
  }

  @Override
  public void send(Frame.Delta delta) {
    String json = null;
    for (Session session : sessions) {
      if (session.watches(delta.run())) {
        json = json == null ? HelmJson.write(delta) : json;
        session.offer(json);
      }
    }
  }

  @Override
  public void close() {
    sessions.forEach(
        session -> session.end(new Frame.Error("going_away", "the service stops", null)));
  }
}
