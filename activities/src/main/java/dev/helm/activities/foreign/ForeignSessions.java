package dev.helm.activities.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.ForeignTools;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The foreign agents at work in this process: at most one for each run. */
public final class ForeignSessions implements ForeignTools, AutoCloseable {
  private final Map<String, DriverKind> kinds;
  private final Map<String, ForeignSession> open = new ConcurrentHashMap<>();
  private final Map<String, Object> locks = new ConcurrentHashMap<>();
  private final ForeignEffect effect = new ForeignEffect(this);

  /**
   * With the kinds of agents.
   *
   * @param kinds by the blueprint's {@code agent}
   */
  public ForeignSessions(Map<String, DriverKind> kinds) {
    this.kinds = Map.copyOf(kinds);
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
   */
  ForeignSession open(String run, int epoch, Function<AtomicInteger, AgentDriver> started) {
    synchronized (locks.computeIfAbsent(run, _ -> new Object())) {
      ForeignSession former = open.get(run);
      if (former != null && former.epoch() == epoch && !former.over()) {
        return former;
      }
      if (former != null) {
        former.close();
      }
      AtomicInteger turn = new AtomicInteger();
      ForeignSession session = new ForeignSession(epoch, started.apply(turn), turn);
      open.put(run, session);
      return session;
    }
  }

  /** The run needs its agent no more, or its container goes. Safe to repeat. */
  public void release(String run) {
    locks.remove(run);
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
