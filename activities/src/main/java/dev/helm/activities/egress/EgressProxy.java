package dev.helm.activities.egress;

import dev.helm.activities.sandbox.SlotDoor;
import dev.helm.activities.sandbox.UnixListener;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The proxy behind {@code egress.sock}: CONNECT to granted hosts, with the TLS hello's server name
 * checked before anything is dialled. docs/egress.md lists what it refuses.
 */
public final class EgressProxy implements SlotDoor, AutoCloseable {
  private static final long SWEEP_MS = 250;
  private static final System.Logger LOG = System.getLogger(EgressProxy.class.getName());

  private final EgressGrants grants;
  private final HostResolver resolver;
  private final List<OperatorTarget> targets;
  private final EgressListener listener;
  private final EgressLimits limits;
  private final World world;
  private final Set<EgressConnection> open = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService sweeper =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("egress-sweeper").unstarted(task));

  /** A proxy for all slots; {@link #open} makes it listen in one. */
  public EgressProxy(
      EgressGrants grants,
      HostResolver resolver,
      List<OperatorTarget> targets,
      EgressListener listener,
      EgressLimits limits) {
    this(grants, resolver, targets, listener, limits, World.machine());
  }

  EgressProxy(
      EgressGrants grants,
      HostResolver resolver,
      List<OperatorTarget> targets,
      EgressListener listener,
      EgressLimits limits,
      World world) {
    this.grants = grants;
    this.resolver = resolver;
    this.targets = List.copyOf(targets);
    this.listener = listener;
    this.limits = limits;
    this.world = world;
    var unused =
        sweeper.scheduleWithFixedDelay(
            () -> open.forEach(EgressConnection::closeIfDue),
            SWEEP_MS,
            SWEEP_MS,
            TimeUnit.MILLISECONDS);
  }

  @Override
  public AutoCloseable open(String slot, Path socketDirectory, int ownerUid) throws IOException {
    SlotGate gate =
        new SlotGate(slot, grants, resolver, targets, listener, world, limits.toldPerMinute());
    Set<EgressConnection> mine = ConcurrentHashMap.newKeySet();
    UnixListener socket =
        UnixListener.open(
            socketDirectory.resolve("egress.sock"),
            ownerUid,
            client -> accepted(gate, mine, client));
    return () -> {
      socket.close();
      mine.forEach(EgressConnection::close);
    };
  }

  @Override
  public AutoCloseable grant(String slot, String callId, List<String> hosts) {
    return grants.grant(slot, callId, hosts);
  }

  /** Connections that are open now, in all slots. */
  public int connections() {
    return open.size();
  }

  private void accepted(SlotGate gate, Set<EgressConnection> mine, SocketChannel client) {
    EgressConnection connection = new EgressConnection(gate, client, limits, world);
    // Attack: one run, or many, take every file descriptor and thread of the service. Safeguard: a
    // bound for each slot and one for all.
    if (mine.size() >= limits.slotConnections() || open.size() >= limits.connections()) {
      connection.close();
      gate.denied(null, "", 0, "too many connections at once");
      return;
    }
    mine.add(connection);
    open.add(connection);
    Thread.ofVirtual()
        .name("egress")
        .start(
            () -> {
              try {
                connection.serve();
              } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "an egress connection failed", e);
              } finally {
                connection.close();
                mine.remove(connection);
                open.remove(connection);
              }
            });
  }

  @Override
  public void close() {
    open.forEach(EgressConnection::close);
    sweeper.shutdownNow();
  }
}
