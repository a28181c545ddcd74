package dev.helm.activities.foreign;

import dev.helm.activities.sandbox.Box;
import dev.helm.activities.sandbox.BoxEnd;
import dev.helm.activities.sandbox.BoxSpec;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.tools.RunTools;
import dev.helm.api.Secret;
import dev.helm.api.blueprint.Program;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A program in the run's container whose tools come from Helm's MCP endpoint. What it writes to
 * stdout is what it says; exit code 0 is a good end.
 */
public final class ProgramDriver implements AgentDriver {
  /** Most bytes of one variable; the kernel takes 128 KiB. */
  private static final int VARIABLE_BYTES_MAX = 96 << 10;

  /** Most of stderr's end that a failed run's reason has. */
  private static final int WORDS_CHARS_MAX = 2_000;

  private static final long LAST_OUTPUT_S = 2;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Boxes boxes;
  private final ProgramDoor door;
  private final RunTools tools;
  private final Way way;
  private final Said said = new Said();
  private @Nullable SessionStart start;
  private volatile @Nullable ProgramCalls calls;
  private @Nullable Box box;
  private @Nullable Thread reader;
  private volatile boolean closed;

  /** How a program is run. */
  public interface Way {
    /** As it is. */
    Way PLAIN = new Way() {};

    /** What is started for the blueprint's command. */
    default List<String> argv(List<String> command) {
      return command;
    }

    /** Variables besides those of every program. */
    default Map<String, String> environment(SessionStart begin) {
      return Map.of();
    }

    /** Whether the endpoint has this tool of the run's. */
    default boolean offers(String tool) {
      return true;
    }

    /** The program has ended, or its container is gone. */
    default void ended() {}
  }

  /** Runs a program in this way. */
  public ProgramDriver(Boxes boxes, ProgramDoor door, RunTools tools, Way way) {
    this.way = way;
    this.boxes = boxes;
    this.door = door;
    this.tools = tools;
  }

  @Override
  public void start(SessionStart begin) {
    Program program =
        Objects.requireNonNull(
            begin.info().blueprint().program(), "a program is to be run, and there is none");
    byte[] random = new byte[32];
    RANDOM.nextBytes(random);
    Secret token = Secret.of(HexFormat.of().formatHex(random));
    ProgramCalls mine = new ProgramCalls(begin);
    start = begin;
    calls = mine;
    door.open(new ProgramDoor.Client(begin, tools, way::offers, token, mine));
    List<Given.Message> read =
        begin.messages().stream().filter(each -> begin.events().reads(each.id())).toList();
    Box opened =
        boxes.open(
            BoxSpec.inRun(begin.run(), "agent", way.argv(program.command()))
                .withEnv(environment(begin, way, program, token, read)));
    box = opened;
    try {
      opened.in().close();
    } catch (IOException e) {
      // It is gone already; its end says so.
    }
    reader =
        Thread.ofVirtual()
            .name("agent-stdout")
            .start(() -> said.read(opened.out(), begin.events()));
    var unused = opened.end().thenRun(mine::end).thenRun(way::ended);
  }

  /** The calls of this life; there once it is started. */
  public ProgramCalls calls() {
    return Objects.requireNonNull(calls);
  }

  private static Map<String, String> environment(
      SessionStart begin, Way way, Program program, Secret token, List<Given.Message> messages) {
    Map<String, String> env = new HashMap<>(program.env());
    env.putAll(way.environment(begin));
    env.put("HELM_RUN", begin.run());
    env.put("HELM_TOKEN", token.reveal());
    env.put("HELM_MCP_URL", ProgramDoor.URL);
    env.put("HELM_TASK", variable(begin.task()));
    env.put("HELM_RESUMED", begin.resumed() ? "1" : "0");
    env.put(
        "HELM_MESSAGES",
        variable(HelmJson.write(messages.stream().map(Given.Message::text).toList())));
    env.put("ANTHROPIC_BASE_URL", "http://127.0.0.1:3129");
    env.put("ANTHROPIC_API_KEY", begin.modelToken().reveal());
    env.put("HELM_MODEL", begin.info().blueprint().model().name());
    return env;
  }

  private static String variable(String text) {
    String plain = WellFormed.text(text).replace('\0', ' ');
    while (plain.getBytes(java.nio.charset.StandardCharsets.UTF_8).length > VARIABLE_BYTES_MAX) {
      plain = WellFormed.text(plain.substring(0, plain.length() * 3 / 4));
    }
    return plain;
  }

  @Override
  public Next next(Given given) throws InterruptedException {
    ProgramCalls mine = Objects.requireNonNull(calls);
    mine.give(given);
    List<Next.Asked> asked = mine.take();
    if (asked != null) {
      return new Next.Calls(said.take(), asked);
    }
    if (closed) {
      return new Next.Lost("", "the program was ended");
    }
    BoxEnd end = Objects.requireNonNull(box).end().getNow(null);
    return end == null && mine.takeInterrupt() ? new Next.Interrupted() : ended(end);
  }

  private Next ended(@Nullable BoxEnd end) throws InterruptedException {
    Thread out = Objects.requireNonNull(reader);
    out.join(TimeUnit.SECONDS.toMillis(LAST_OUTPUT_S));
    String last = said.take();
    if (end == null || end.kind() == BoxEnd.Kind.LOST) {
      return new Next.Lost(last, "the agent's container is gone");
    }
    if (end.kind() == BoxEnd.Kind.EXITED && end.code() == 0) {
      return new Next.Ended(last);
    }
    String how =
        end.kind() == BoxEnd.Kind.KILLED
            ? "Helm ended the agent's program"
            : "the agent's program ended with exit code " + end.code();
    String words = WellFormed.text(Objects.requireNonNull(box).lastWords()).strip();
    words =
        words.length() > WORDS_CHARS_MAX
            ? "… " + WellFormed.text(words.substring(words.length() - WORDS_CHARS_MAX))
            : words;
    return new Next.Failed(
        last,
        how
            + (end.why().isEmpty() ? "" : " (" + end.why() + ")")
            + (words.isEmpty() ? "" : ": " + words));
  }

  @Override
  public void interrupt() {
    ProgramCalls mine = calls;
    if (mine != null) {
      mine.interrupt();
    }
  }

  @Override
  public void close() {
    closed = true;
    SessionStart begin = start;
    if (begin != null) {
      door.close(begin);
    }
    ProgramCalls mine = calls;
    if (mine != null) {
      mine.end();
    }
    Box open = box;
    if (open != null) {
      open.close();
    }
  }
}
