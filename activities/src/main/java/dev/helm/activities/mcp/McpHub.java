package dev.helm.activities.mcp;

import dev.helm.activities.egress.Dial;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.sandbox.WaitingRuns;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.LineDiff;
import dev.helm.activities.tools.ToolDefinition;
import dev.helm.activities.tools.ToolSource;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.blueprint.ToolNames;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The MCP servers of all runs. A server is started when a run first needs it and kept while the run
 * works; what the model is told of its tools is what was accepted, not what it says now.
 */
public final class McpHub implements ToolSource, AutoCloseable {
  private static final int REASON_CHARS_MAX = 1_000;

  private final RunLog log;
  private final Blobs blobs;
  private final Pins pins;
  private final Secrets secrets;
  private final RealWires wires;
  private final WaitingRuns waiting;
  private final Places places;
  private final String version;
  private final McpEffect effect;
  private final Map<Key, Line> lines = new ConcurrentHashMap<>();
  private volatile boolean closed;

  private record Key(String run, String server) {}

  /** One server of one run; its monitor is held while it is being connected. */
  private static final class Line {
    volatile @Nullable Connection connection;
    @Nullable Fault failed;
    long failedNs;
  }

  /**
   * A hub.
   *
   * @param waiting which runs only wait, so that their servers may be ended until they go on
   * @param version of Helm, as servers are told
   */
  public McpHub(
      RunLog log,
      Blobs blobs,
      Pins pins,
      Secrets secrets,
      Boxes boxes,
      Programs programs,
      Dial dial,
      WaitingRuns waiting,
      String version) {
    this.log = log;
    this.blobs = blobs;
    this.pins = pins;
    this.secrets = secrets;
    this.waiting = waiting;
    this.version = version;
    this.effect = new McpEffect(this, log, blobs, secrets);
    this.places = new Places(waiting::waitingMs);
    this.wires = new RealWires(boxes, programs, dial, secrets, effect::callOf);
  }

  // ---- what the run has --------------------------------------------------------------------

  @Override
  public List<ToolDefinition> tools(Runs.Info run) {
    List<ToolDefinition> all = new ArrayList<>();
    run.blueprint()
        .mcpServers()
        .forEach(
            (name, server) -> {
              if (offered(run, name)) {
                ToolList list = accepted(run, name);
                list = list == null ? firstSeen(run, name) : list;
                if (list != null) {
                  all.addAll(list.definitions(name));
                }
              }
            });
    return all;
  }

  private static boolean offered(Runs.Info run, String server) {
    return run.blueprint().tools().stream().anyMatch(tool -> server.equals(ToolNames.server(tool)));
  }

  @Override
  public @Nullable Effect effect(Runs.Info run, String tool) {
    return server(run, tool) == null ? null : effect;
  }

  /** The name of the server of a tool, or null. */
  static @Nullable String server(Runs.Info run, String tool) {
    String server = ToolNames.server(tool);
    return server != null && run.blueprint().mcpServers().containsKey(server) ? server : null;
  }

  /** The server's own name of a tool. */
  static String ownName(String server, String tool) {
    return tool.substring(ToolList.fullName(server, "").length());
  }

  @Override
  public Look look(Runs.Info run, String tool) {
    String name = Objects.requireNonNull(server(run, tool));
    try {
      ToolList now = connection(run, name, true).tools();
      String kept = pins.get(run.blueprintRef(), name);
      if (now.hash().equals(kept)) {
        return new Look.Same(now.hints(ownName(name, tool)));
      }
      ToolList before = accepted(run, name);
      blobs.put(now.text().getBytes(StandardCharsets.UTF_8), "application/json");
      return new Look.Changed(
          "the tools of MCP server " + name + " have changed since they were accepted",
          LineDiff.of(name, true, before == null ? "" : before.shown(), now.shown()),
          now.hash());
    } catch (Fault e) {
      drop(run.run(), name, e);
      return new Look.Gone("MCP server " + name + " cannot be used: " + shown(run, e.why()));
    }
  }

  @Override
  public void accept(Runs.Info run, String tool, String token) {
    String name = server(run, tool);
    if (name != null && blobs.get(token) != null) {
      pins.accept(run.blueprintRef(), name, token);
    }
  }

  private @Nullable ToolList accepted(Runs.Info run, String server) {
    String hash = pins.get(run.blueprintRef(), server);
    byte[] text = hash == null ? null : blobs.get(hash);
    return text == null ? null : ToolList.of(new String(text, StandardCharsets.UTF_8));
  }

  /** Connects to a server whose tools nobody has seen; null, and an event, when it fails. */
  private @Nullable ToolList firstSeen(Runs.Info run, String server) {
    try {
      var unused = connection(run, server, false).tools();
      return accepted(run, server);
    } catch (Fault e) {
      return null;
    }
  }

  // ---- connections -------------------------------------------------------------------------

  /** The run's connection to a server, whose list of tools is the one that is accepted. */
  Connection ready(Runs.Info run, String server) {
    Connection connection = connection(run, server, true);
    if (!connection.tools().hash().equals(pins.get(run.blueprintRef(), server))) {
      throw new Fault(Fault.Kind.NOT_SENT, "its tools have changed");
    }
    return connection;
  }

  /**
   * The connection, made if there is none.
   *
   * @param called whether a tool is called: then a server that has just failed is tried again
   */
  private Connection connection(Runs.Info run, String server, boolean called) {
    Line line = lines.computeIfAbsent(new Key(run.run(), server), key -> new Line());
    synchronized (line) {
      Connection known = line.connection;
      if (known != null && known.use()) {
        return known;
      }
      long since = (System.nanoTime() - line.failedNs) / 1_000_000;
      if (line.failed != null && !called && since < Limits.AGAIN_AFTER_MS) {
        throw line.failed;
      }
      try {
        Connection made = connect(run, server);
        line.connection = made;
        line.failed = null;
        if (closed || lines.get(new Key(run.run(), server)) != line) {
          // The run was released while it was being connected.
          end(line);
        }
        return made;
      } catch (Fault e) {
        line.failed = e;
        line.failedNs = System.nanoTime();
        failed(run, server, null, e.why());
        throw e;
      }
    }
  }

  private Connection connect(Runs.Info run, String name) {
    if (closed) {
      throw new Fault(Fault.Kind.NOT_SENT, "the service ends");
    }
    McpServer server = Objects.requireNonNull(run.blueprint().mcpServers().get(name));
    if (server.overHttp()) {
      return begun(run, name, server);
    }
    Places.Place place = places.enter(run.run());
    boolean whole = false;
    try {
      Connection made = begun(run, name, server);
      place.holds(made);
      whole = true;
      return made;
    } finally {
      if (!whole) {
        places.leave(place);
      }
    }
  }

  private Connection begun(Runs.Info run, String name, McpServer server) {
    Connection made =
        new Connection(
            name,
            server,
            wires.open(run, name, server),
            version,
            text -> secrets.scrubber(run.blueprint().project()).text(text),
            (fault, callId) -> failed(run, name, callId, fault.why()),
            effect::progressed);
    boolean whole = false;
    try {
      made.begin();
      seen(run, name, made);
      whole = true;
      return made;
    } finally {
      if (!whole) {
        made.close(new Fault(Fault.Kind.NOT_SENT, "it could not be used"));
      }
    }
  }

  /** The first list that a version of a blueprint sees is the one that it accepts. */
  private void seen(Runs.Info run, String name, Connection made) {
    ToolList list = made.tools();
    blobs.put(list.text().getBytes(StandardCharsets.UTF_8), "application/json");
    String kept = pins.get(run.blueprintRef(), name);
    boolean first = kept == null;
    kept = first ? pins.first(run.blueprintRef(), name, list.hash()) : kept;
    record(
        run.run(),
        new RunEvent.McpConnected(
            name,
            Objects.requireNonNull(run.blueprint().mcpServers().get(name)).overHttp()
                ? "http"
                : "stdio",
            list.size(),
            list.hash(),
            !list.hash().equals(kept),
            software(run, made)));
    for (String tool : list.names()) {
      String why = first ? list.whyNot(name, tool) : null;
      if (why != null) {
        failed(run, name, null, "its tool " + Plain.line(tool, 100) + " is left out: " + why);
      }
    }
  }

  private @Nullable String software(Runs.Info run, Connection made) {
    String said = made.software();
    return said == null ? null : shown(run, said);
  }

  /** A server that cannot be used any more is ended, and begun anew when it is needed. */
  void drop(String run, String server, Fault fault) {
    Line line = lines.get(new Key(run, server));
    Connection connection = line == null ? null : line.connection;
    if (connection != null && fault.kind() != Fault.Kind.NOT_SENT) {
      connection.broken(fault);
    }
  }

  private void failed(Runs.Info run, String server, @Nullable String callId, String why) {
    record(run.run(), new RunEvent.McpFailed(server, callId, shown(run, why)));
  }

  private String shown(Runs.Info run, String text) {
    return Plain.line(secrets.scrubber(run.blueprint().project()).text(text), REASON_CHARS_MAX);
  }

  private void record(String run, RunEvent event) {
    if (closed) {
      return;
    }
    try {
      log.append(run, List.of(new Fact("mcp/" + UUID.randomUUID(), "main", event)));
    } catch (RuntimeException e) {
      // It is told for people; what a call becomes is recorded with the call.
      System.getLogger(McpHub.class.getName())
          .log(System.Logger.Level.WARNING, "an event of an MCP server could not be recorded", e);
    }
  }

  /**
   * Ends the servers of runs that have waited for people for long and have no call open: the next
   * call starts them anew, and looks at their lists again.
   */
  public void endIdle() {
    long patienceMs = waiting.patience().toMillis();
    lines.forEach(
        (key, line) -> {
          Connection connection = line.connection;
          if (connection != null
              && connection.idleMs() >= 0
              && waiting.waitingMs(key.run()).orElse(-1) >= patienceMs
              && connection.retire(Places.SETTLED_MS)) {
            record(
                key.run(),
                new RunEvent.LimitReached(
                    "container",
                    "MCP server "
                        + key.server()
                        + " was ended while the run waits; the next call of its tools starts it"
                        + " again"));
          }
        });
  }

  /** Ends the servers of a run. Safe to repeat. */
  public void release(String run) {
    lines
        .keySet()
        .forEach(
            key -> {
              if (key.run().equals(run)) {
                end(lines.remove(key));
              }
            });
    effect.forget(run);
  }

  private static void end(@Nullable Line line) {
    Connection connection = line == null ? null : line.connection;
    if (connection != null) {
      connection.close(new Fault(Fault.Kind.LOST, "it was ended"));
    }
  }

  @Override
  public void close() {
    closed = true;
    lines.values().forEach(McpHub::end);
    lines.clear();
  }
}
