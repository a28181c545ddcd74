package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.foreign.AgentDriver;
import dev.helm.activities.foreign.Given;
import dev.helm.activities.foreign.Next;
import dev.helm.activities.foreign.SessionStart;
import dev.helm.activities.sandbox.Box;
import dev.helm.activities.sandbox.BoxEnd;
import dev.helm.activities.sandbox.BoxSpec;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.sandbox.EngineUnavailable;
import dev.helm.activities.sandbox.SandboxException;
import dev.helm.activities.sandbox.SandboxRefused;
import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.ToolDefinition;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** One life of the Claude Agent SDK's runtime in the run's container. */
final class ClaudeSdkDriver implements AgentDriver {
  private static final String GO_ON =
      "The work was interrupted and goes on now. What stands above is all that is known of it; do"
          + " not repeat what has been done.";

  private static final int NO_LOCK = 64;

  /**
   * Arguments: the session's id, the bytes of its transcript on stdin, checksums, what must not be
   * there, the program.
   */
  private static final String BEGIN =
      """
      set -e
      printf '%s' "$2" | sha256sum -c --quiet >&2 || exit 64
      if [ -e "$3" ] || [ -L "$3" ]; then echo "$3 adds to the lock" >&2; exit 64; fi
      if [ "$1" -gt 0 ]; then
        (
          dir="$HOME/.claude/projects/$(pwd -P | tr /. --)"
          umask 077
          mkdir -p "$dir"
          head -c "$1" > "$dir/$0.jsonl"
        )
      fi
      shift 3
      exec "$@"
      """;

  private final Boxes boxes;
  private final Tools tools;
  private final Gates gates;
  private final Set<String> messages = ConcurrentHashMap.newKeySet();
  private @Nullable Box box;
  private volatile @Nullable ClaudeSession session;
  private @Nullable SessionStart start;
  private volatile @Nullable RuntimeWork work;
  private @Nullable HelmTools helmTools;
  private volatile boolean now;

  /** What Helm's tools of a run are. */
  interface Tools {
    List<ToolDefinition> of(SessionStart start);
  }

  ClaudeSdkDriver(Boxes boxes, Tools tools, Gates gates) {
    this.boxes = boxes;
    this.tools = tools;
    this.gates = gates;
  }

  // ---- start -----------------------------------------------------------------------------------

  @Override
  public void start(SessionStart begin) {
    this.start = begin;
    this.work = new RuntimeWork(boxes, begin.run(), Long.MAX_VALUE);
    HelmTools offered =
        new HelmTools(
            tools.of(begin).stream().filter(each -> OwnTools.ofHelm(each.name())).toList());
    this.helmTools = offered;
    String id = Transcript.sessionId(begin.run(), begin.epoch(), begin.session());
    String transcript =
        Transcript.of(
            id, "/slot/workspace", begin.info().blueprint().model().name(), begin.history());
    String first = transcript.isEmpty() ? begin.task() : GO_ON;
    ClaudeSession talk;
    try {
      talk = begin(begin, offered, id, transcript);
    } catch (NoConversation e) {
      first = Summary.of(begin.task(), begin.history());
      talk = anew(begin, offered, id);
    }
    talk.say(first, false);
    for (Given.Message each : begin.messages()) {
      say(begin, talk, each, false);
    }
  }

  /** Another session, once: what it is told stands for the conversation that it did not take up. */
  private ClaudeSession anew(SessionStart begin, HelmTools offered, String former) {
    close();
    begin
        .events()
        .goesOn(
            "the runtime did not take up the conversation that Helm wrote for it; it begins a new"
                + " one with a summary");
    String id = Transcript.sessionId(begin.run(), begin.epoch(), former);
    try {
      return begin(begin, offered, id, "");
    } catch (NoConversation e) {
      throw new SandboxRefused(
          "program", "the Claude Agent SDK's runtime takes up no conversation, not even a new one");
    }
  }

  /** It has no session of this id, or cannot read it. */
  private static final class NoConversation extends Exception {
    private static final long serialVersionUID = 1;
  }

  private ClaudeSession begin(SessionStart begin, HelmTools offered, String id, String transcript)
      throws NoConversation {
    byte[] known = transcript.getBytes(StandardCharsets.UTF_8);
    Box opened = open(begin, id, known);
    this.box = opened;
    OutputStream in = opened.in();
    try {
      in.write(known);
      in.flush();
    } catch (IOException e) {
      // Its end says why.
    }
    ClaudeSession talk = new ClaudeSession(opened.out(), in, offered, begin.events());
    this.session = talk;
    gates.opened(begin.run(), talk);
    talk.line().open();
    initialize(begin, offered, talk, opened);
    return talk;
  }

  /**
   * The runtime in the run's container, once the lock is there and what is known lies where it
   * looks for it. One program does all of that: a container that goes meanwhile takes all with it.
   */
  private Box open(SessionStart begin, String id, byte[] transcript) {
    List<String> argv = new ArrayList<>(List.of("/bin/sh", "-c", BEGIN, id));
    argv.add(Integer.toString(transcript.length));
    argv.add(ClaudeImage.checksums(false));
    argv.add(ClaudeImage.MORE_SETTINGS);
    argv.addAll(Launch.argv(begin.info().blueprint(), id, transcript.length > 0));
    return boxes.open(
        BoxSpec.inRun(begin.run(), "claude", argv).withEnv(Launch.environment(begin)));
  }

  private void initialize(SessionStart begin, HelmTools offered, ClaudeSession talk, Box opened)
      throws NoConversation {
    ObjectNode request = Launch.initialize(begin, Instructions.of(begin), !offered.isEmpty());
    try {
      talk.line().ask(request, Duration.ofSeconds(60)).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineUnavailable("interrupted while the runtime started", e);
    } catch (ExecutionException e) {
      SandboxException why = notStarted(opened, e);
      if (opened.lastWords().contains("No conversation found")) {
        throw new NoConversation();
      }
      throw why;
    }
  }

  private static SandboxException notStarted(Box opened, ExecutionException cause) {
    String words = opened.lastWords().strip();
    BoxEnd end = null;
    try {
      end = opened.end().get(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // It runs and does not answer.
    }
    if (end != null && end.kind() == BoxEnd.Kind.EXITED && end.code() == NO_LOCK) {
      return new SandboxRefused(
          "program",
          "the image lacks the lock of the Claude Agent SDK (managed settings and gate), or it was"
              + " changed: "
              + words,
          cause);
    }
    if (end != null && end.kind() != BoxEnd.Kind.EXITED) {
      // Nothing was said to it yet: it can be started again.
      return new EngineUnavailable("the runtime went away as it started: " + words, cause);
    }
    return new SandboxRefused(
        "program",
        "the Claude Agent SDK's runtime did not answer: "
            + (words.isEmpty() ? String.valueOf(cause.getCause()) : words),
        cause);
  }

  // ---- work ------------------------------------------------------------------------------------

  @Override
  public Next next(Given given) throws InterruptedException {
    SessionStart begun = Objects.requireNonNull(start);
    ClaudeSession talk = Objects.requireNonNull(session);
    Set<String> answered = new HashSet<>();
    for (Given.Result result : given.results()) {
      if (answered.add(result.toolUseId())) {
        answer(talk, result);
      }
    }
    boolean urgent = now;
    now = false;
    boolean said = false;
    for (Given.Message message : given.messages()) {
      said |= say(begun, talk, message, urgent);
    }
    if (Objects.requireNonNull(work).takeStopped() && !said) {
      talk.say("A person stopped what you did. Go on with what is left.", false);
    }
    Next next = talk.next();
    return next instanceof Next.Lost lost ? lost(lost) : next;
  }

  private Next lost(Next.Lost lost) {
    Box opened = box;
    if (opened == null || !opened.end().isDone()) {
      return lost;
    }
    BoxEnd end = opened.end().join();
    return end.kind() == BoxEnd.Kind.EXITED
        ? new Next.Lost(
            lost.said(),
            "the runtime ended with code " + end.code() + ": " + opened.lastWords().strip())
        : lost;
  }

  /** What Helm's gate, people or tools gave, for a call that nobody has let go. */
  private void answer(ClaudeSession talk, Given.Result result) {
    PendingCall call = talk.call(result.toolUseId());
    JsonNode input = call == null ? null : call.input();
    if (call == null || input == null || call.decided()) {
      return;
    }
    if (result.error()) {
      talk.deny(call.id, result.text());
    } else if (call.wireTool.equals(OwnTools.QUESTION)) {
      talk.allow(call.id, OwnTools.answered(input, result.text()));
    } else if (call.wireTool.startsWith(HelmTools.PREFIX)) {
      Objects.requireNonNull(helmTools).gave(call.tool(), input, result.text());
      talk.allow(call.id, input);
    } else {
      talk.deny(call.id, result.text());
    }
  }

  private boolean say(
      SessionStart begun, ClaudeSession talk, Given.Message message, boolean urgent) {
    if (!messages.add(message.id()) || !begun.events().reads(message.id())) {
      return false;
    }
    talk.say(message.text(), urgent);
    return true;
  }

  @Override
  public void interrupt() {
    now = true;
    ClaudeSession talk = session;
    if (talk != null) {
      talk.interrupt();
    }
  }

  @Override
  public Effect.Result perform(String toolUseId, String tool, String arguments)
      throws InterruptedException {
    return Objects.requireNonNull(work).perform(session, toolUseId, tool, arguments);
  }

  @Override
  public void spawns(String toolUseId, String subagent) {
    Objects.requireNonNull(work).spawns(toolUseId, subagent);
  }

  @Override
  public void stop(String toolUseId) {
    ClaudeSession talk = session;
    PendingCall call = talk == null ? null : talk.call(toolUseId);
    if (talk != null && call != null && Objects.requireNonNull(work).stops(call)) {
      talk.stop(call);
    }
  }

  @Override
  public void close() {
    SessionStart begun = start;
    ClaudeSession talk = session;
    if (begun != null && talk != null) {
      gates.closed(begun.run(), talk);
      talk.line().close();
    }
    Box opened = box;
    if (opened != null) {
      opened.close();
    }
  }
}
