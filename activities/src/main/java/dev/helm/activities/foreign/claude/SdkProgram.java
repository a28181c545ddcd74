package dev.helm.activities.foreign.claude;

import dev.helm.activities.foreign.AgentDriver;
import dev.helm.activities.foreign.Given;
import dev.helm.activities.foreign.Next;
import dev.helm.activities.foreign.ProgramDoor;
import dev.helm.activities.foreign.ProgramDriver;
import dev.helm.activities.foreign.SessionStart;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.RunTools;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A program of the user's that uses the Claude Agent SDK: started as any program, with Helm's tools
 * at the endpoint; the calls of its runtime come by the hooks that the image's managed settings
 * give to whatever the program starts.
 */
final class SdkProgram implements AgentDriver, ProgramDriver.Way {
  /** How long a call may be at work before its end is unknown. */
  private static final long CALL_MS_MAX = TimeUnit.MINUTES.toMillis(30);

  /** How long a stopped call may take to end. */
  private static final long STOP_MS = 5_000;

  /** Arguments: checksums, what must not be there, then the program. */
  private static final String BEGIN =
      """
      printf '%s' "$1" | sha256sum -c --quiet >&2 || {
        echo 'the image lacks the lock of the Claude Agent SDK, or it was changed' >&2
        exit 64
      }
      if [ -e "$2" ] || [ -L "$2" ]; then
        echo "the image changes the lock of the Claude Agent SDK: $2 is there" >&2
        exit 64
      fi
      shift 2
      exec "$@"
      """;

  private final Boxes boxes;
  private final Gates gates;
  private final ProgramDriver program;
  private volatile @Nullable SessionStart start;
  private volatile @Nullable RuntimeWork work;
  private volatile @Nullable ProgramHooks hooks;

  SdkProgram(Boxes boxes, ProgramDoor door, RunTools tools, Gates gates) {
    this.boxes = boxes;
    this.gates = gates;
    this.program = new ProgramDriver(boxes, door, tools, this);
  }

  @Override
  public List<String> argv(List<String> command) {
    List<String> argv = new ArrayList<>(List.of("/bin/sh", "-c", BEGIN, "helm"));
    argv.add(ClaudeImage.checksums(true));
    argv.add(ClaudeImage.MORE_SETTINGS);
    argv.addAll(command);
    return argv;
  }

  @Override
  public Map<String, String> environment(SessionStart begin) {
    Map<String, String> env = new TreeMap<>(Launch.runtime());
    env.put("CLAUDE_AGENT_SDK_CLIENT_APP", "helm");
    return env;
  }

  @Override
  public boolean offers(String tool) {
    return !OwnTools.performs(tool);
  }

  @Override
  public void start(SessionStart begin) {
    start = begin;
    work = new RuntimeWork(boxes, begin.run(), CALL_MS_MAX);
    ProgramHooks asked =
        new ProgramHooks(
            begin.events(),
            program::calls,
            id -> gates.askedByModel(begin.run(), id),
            program::close);
    hooks = asked;
    gates.opened(begin.run(), asked);
    program.start(begin);
  }

  @Override
  public Next next(Given given) throws InterruptedException {
    Next next = program.next(given);
    String fault = Objects.requireNonNull(hooks).fault();
    return fault.isEmpty() || next instanceof Next.Calls ? next : new Next.Failed("", fault);
  }

  @Override
  public void interrupt() {
    program.interrupt();
  }

  @Override
  public Effect.Result perform(String toolUseId, String tool, String arguments)
      throws InterruptedException {
    return Objects.requireNonNull(work).perform(hooks, toolUseId, tool, arguments);
  }

  @Override
  public void spawns(String toolUseId, String subagent) {
    Objects.requireNonNull(work).spawns(toolUseId, subagent);
  }

  /** Nothing but its end stops what a program's runtime does. */
  @Override
  public void stop(String toolUseId) {
    ProgramHooks asked = hooks;
    PendingCall call = asked == null ? null : asked.call(toolUseId);
    if (call == null || !Objects.requireNonNull(work).stops(call)) {
      return;
    }
    var unused =
        CompletableFuture.runAsync(
            () -> {
              if (call.end.completeExceptionally(new java.io.IOException("it did not stop"))) {
                program.close();
              }
            },
            CompletableFuture.delayedExecutor(STOP_MS, TimeUnit.MILLISECONDS));
  }

  @Override
  public void ended() {
    ProgramHooks asked = hooks;
    if (asked != null) {
      asked.over();
    }
  }

  @Override
  public void close() {
    ended();
    SessionStart begun = start;
    ProgramHooks asked = hooks;
    if (begun != null && asked != null) {
      gates.closed(begun.run(), asked);
    }
    program.close();
  }
}
