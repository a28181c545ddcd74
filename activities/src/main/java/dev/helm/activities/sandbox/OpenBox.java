package dev.helm.activities.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One program in one slot's container, joined to the host by a pipe of the executor's. */
final class OpenBox implements Box {
  /** Begins every box's effect key; no tool call has one like it. */
  static final String KEYS = "box/";

  private static final Duration STARTS = Duration.ofSeconds(30);
  private static final Duration LAST_WORD = Duration.ofSeconds(2);
  private static final long LIFE_MS = 24L * 3600 * 1000;
  private static final long ERRORS_CAP_BYTES = 8L << 20;
  private static final int SIGNALS = 128;
  private static final String LOOPBACK = "127.0.0.1,localhost";

  private final BoxSpec spec;
  private final String slot;
  private final Execution execution;
  private final Runnable kill;
  private final SocketChannel channel;
  private final LastWords errors;
  private final CompletableFuture<BoxEnd> end;
  private final AtomicBoolean closed = new AtomicBoolean();

  private OpenBox(
      BoxSpec spec,
      String slot,
      Execution execution,
      Runnable kill,
      SocketChannel channel,
      LastWords errors) {
    this.spec = spec;
    this.slot = slot;
    this.execution = execution;
    this.kill = kill;
    this.channel = channel;
    this.errors = errors;
    this.end = execution.outcome().handle(this::ended);
  }

  /** Starts an effect in the slot's container; that of a run also watches its workspace. */
  @FunctionalInterface
  interface Starter {
    Execution start(String key, ToolCommand command, EffectSink sink);
  }

  /**
   * Starts the program and waits until it runs.
   *
   * @param sockets the slot's socket directory
   * @param ender ends the program of an effect's key
   */
  static OpenBox start(
      BoxSpec spec,
      LiveSlot live,
      Path sockets,
      int ownerUid,
      Starter starter,
      Consumer<String> ender)
      throws IOException {
    String id = Ids.newSlot();
    String name = "box-" + id;
    String key = KEYS + spec.name() + "/" + id;
    String token = Ids.newSecret();
    LastWords errors = new LastWords();
    Runnable kill = () -> ender.accept(key);
    try (BoxDoor door =
        new BoxDoor(
            sockets.resolve(name + ".sock"),
            ownerUid,
            token,
            live.host().pid(),
            spec.argv().getFirst())) {
      Execution execution = starter.start(key, command(spec, name, token), errors);
      SocketChannel channel = joined(spec, door, execution, errors, kill);
      return new OpenBox(spec, live.id(), execution, kill, channel, errors);
    }
  }

  private static ToolCommand command(BoxSpec spec, String name, String token) {
    List<String> argv = new ArrayList<>(List.of(SandboxSettings.EXECUTOR, "pipe", name, "--"));
    argv.addAll(spec.argv());
    return new ToolCommand(
        argv,
        token.getBytes(StandardCharsets.US_ASCII),
        environment(spec),
        spec.cwd(),
        LIFE_MS,
        ERRORS_CAP_BYTES);
  }

  /** What is on loopback in the container is dialled there, and not asked of the egress proxy. */
  private static Map<String, String> environment(BoxSpec spec) {
    Map<String, String> env = new HashMap<>(spec.env());
    env.putIfAbsent("NO_PROXY", LOOPBACK);
    env.putIfAbsent("no_proxy", LOOPBACK);
    return env;
  }

  private static SocketChannel joined(
      BoxSpec spec, BoxDoor door, Execution execution, LastWords errors, Runnable kill) {
    boolean whole = false;
    try {
      CompletableFuture.anyOf(door.joined(), execution.outcome())
          .get(STARTS.toMillis(), TimeUnit.MILLISECONDS);
      SocketChannel channel = joinedOrNull(door);
      if (channel == null) {
        throw notStarted(spec, execution.outcome().join(), errors);
      }
      whole = true;
      return channel;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineUnavailable("interrupted while box " + spec.name() + " started", e);
    } catch (TimeoutException e) {
      throw new EngineUnavailable(
          "box " + spec.name() + " did not start within " + STARTS.toSeconds() + " s", e);
    } catch (ExecutionException | CompletionException e) {
      if (e.getCause() instanceof SandboxException known) {
        throw known;
      }
      throw new EngineUnavailable("box " + spec.name() + " could not be started", e);
    } finally {
      if (!whole) {
        kill.run();
        var unused = execution.outcome().thenRun(execution::acknowledge);
      }
    }
  }

  /** A program that ends at once may be known to have ended before its first word was read. */
  private static @Nullable SocketChannel joinedOrNull(BoxDoor door)
      throws InterruptedException, ExecutionException {
    try {
      return door.joined().get(LAST_WORD.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return null;
    }
  }

  private static SandboxException notStarted(
      BoxSpec spec, EffectOutcome outcome, LastWords errors) {
    return switch (outcome) {
      case EffectOutcome.Lost lost -> new SandboxLost(lost.reason());
      case EffectOutcome.Ended ended ->
          new SandboxRefused(
              "program",
              "box "
                  + spec.name()
                  + " ended before its program ran: "
                  + (ended.exit().message() == null
                      ? errors.text().strip()
                      : ended.exit().message()));
    };
  }

  private BoxEnd ended(@Nullable EffectOutcome outcome, @Nullable Throwable failure) {
    if (outcome == null) {
      return new BoxEnd(BoxEnd.Kind.LOST, -1, String.valueOf(cause(failure)));
    }
    return switch (outcome) {
      case EffectOutcome.Lost lost ->
          closed.get()
              ? new BoxEnd(BoxEnd.Kind.KILLED, SIGNALS + 9, "closed")
              : new BoxEnd(BoxEnd.Kind.LOST, -1, lost.reason());
      case EffectOutcome.Ended(EffectExit exit, boolean _) -> {
        execution.acknowledge();
        BoxEnd end = end(exit);
        // Its lines go first: it may end of that before it is killed.
        yield closed.get() ? new BoxEnd(BoxEnd.Kind.KILLED, end.code(), "closed") : end;
      }
    };
  }

  private static BoxEnd end(EffectExit exit) {
    int code = exit.code() < 0 ? SIGNALS - exit.code() : exit.code();
    String why = exit.message() == null ? "" : exit.message();
    return switch (exit.reason()) {
      case EXITED, SIGNALLED, SPAWN_FAILED -> new BoxEnd(BoxEnd.Kind.EXITED, code, why);
      case TIMED_OUT, KILLED -> new BoxEnd(BoxEnd.Kind.KILLED, code, why);
    };
  }

  private static @Nullable String cause(@Nullable Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause == null ? "" : cause.getMessage();
  }

  String slot() {
    return slot;
  }

  BoxSpec spec() {
    return spec;
  }

  @Override
  public String name() {
    return spec.name();
  }

  @Override
  public InputStream out() {
    return new BoxLine(channel).out();
  }

  @Override
  public OutputStream in() {
    return new BoxLine(channel).in();
  }

  @Override
  public CompletableFuture<BoxEnd> end() {
    return end.copy();
  }

  @Override
  public String lastWords() {
    return errors.text();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      Closer.close(channel);
      kill.run();
    }
  }
}
