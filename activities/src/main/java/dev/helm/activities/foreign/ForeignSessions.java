package dev.helm.activities.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.sandbox.EngineUnavailable;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.ForeignTools;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The foreign agents at work in this process: at most one for each run. */
public final class ForeignSessions implements ForeignTools, AutoCloseable {
  /** Starts of different runs wait for one another only if these are the same. */
  private static final int LOCKS = 256;

  private final Map<String, DriverKind> kinds;
  private final Map<String, ForeignSession> open = new ConcurrentHashMap<>();
  private final Map<String, Object> starting = new ConcurrentHashMap<>();
  private final Object[] locks = new Object[LOCKS];
  private final ForeignEffect effect = new ForeignEffect(this);

  /**
   * With the kinds of agents.
   *
   * @param kinds by the blueprint's {@code agent}
   */
  public ForeignSessions(Map<String, DriverKind> kinds) {
    this.kinds = Map.copyOf(kinds);
    Arrays.setAll(locks, _ -> new Object());
  }

  /** The kind of a run's agent, or null when nothing here can drive it. */
  @Nullable DriverKind kind(Runs.Info run) {
    return kinds.get(run.blueprint().agent());
  }

  @Override
  public @Nullable Effect effect(Runs.Info run, String tool) {
    DriverKind kind = kind(run);
    return kind != null && kind.performs(run, tool) ? effect : null;
  }

  @Override
  public @Nullable JsonNode schema(Runs.Info run, String tool) {
    DriverKind kind = kind(run);
    return kind == null ? null : kind.schema(run, tool);
  }

  /** The session of this epoch, or null when there is none at work. */
  @Nullable ForeignSession of(String run, int epoch) {
    ForeignSession session = open.get(run);
    return session == null || session.epoch() != epoch || session.over() ? null : session;
  }

  /**
   * The session of this epoch, begun if there is none; one of a former epoch is closed first.
   *
   * @param started makes a driver that runs; it is told the present turn
   * @throws EngineUnavailable the run was released meanwhile
   */
  ForeignSession open(String run, int epoch, Function<AtomicInteger, AgentDriver> started) {
    synchronized (locks[Math.floorMod(run.hashCode(), LOCKS)]) {
      ForeignSession former = open.get(run);
      if (former != null && former.epoch() == epoch && !former.over()) {
        return former;
      }
      if (former != null) {
        former.close();
      }
      Object start = new Object();
      starting.put(run, start);
      AtomicInteger turn = new AtomicInteger();
      ForeignSession session;
      try {
        session = new ForeignSession(epoch, started.apply(turn), turn);
      } catch (RuntimeException e) {
        starting.remove(run, start);
        throw e;
      }
      // Before it is looked whether a release came: one that comes now finds the session.
      open.put(run, session);
      if (!starting.remove(run, start)) {
        open.remove(run, session);
        session.close();
        throw new EngineUnavailable("the run's container went as its agent started");
      }
      return session;
    }
  }

  /** The run needs its agent no more, or its container goes. Safe to repeat. */
  public void release(String run) {
    starting.remove(run);
    ForeignSession session = open.remove(run);
    if (session != null) {
      session.close();
    }
  }

  @Override
  public void close() {
    open.keySet().forEach(this::release);
  }
}
