package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a real engine and the real image. */
@Tag("engine")
@Timeout(180)
final class BoxesTest {
  private TestEngine machine;
  private FileSlotStore store;
  private DockerSandbox sandbox;
  private final GrantsSeen grants = new GrantsSeen();
  private final String run = TestEngine.newRun();

  /** A door that only remembers what it was asked to grant. */
  private static final class GrantsSeen implements SlotDoor {
    final ConcurrentLinkedQueue<String> now = new ConcurrentLinkedQueue<>();

    @Override
    public AutoCloseable open(String slot, Path socketDirectory, int ownerUid) {
      return () -> {};
    }

    @Override
    public AutoCloseable grant(String slot, String callId, List<String> hosts) {
      String grant = slot + " " + callId + " " + hosts;
      now.add(grant);
      return () -> now.remove(grant);
    }
  }

  @BeforeEach
  void open() throws IOException {
    machine = TestEngine.open(0, List.of());
    store = machine.store();
    sandbox = machine.sandbox(store, grants);
  }

  @AfterEach
  void close() throws IOException {
    if (sandbox != null) {
      sandbox.close();
    }
    if (machine != null) {
      machine.close();
    }
  }

  @Test
  void aProgramInTheRunsContainerIsTalkedTo() throws Exception {
    Files.writeString(machine.workspaces.create(run).resolve("in.txt"), "given\n");
    try (Box box =
        sandbox
            .boxes()
            .open(
                BoxSpec.inRun(run, "talker", sh("cat in.txt; echo $WORD; cat; echo oh >&2; exit 5"))
                    .withEnv(Map.of("WORD", "s3cret")))) {
      BufferedReader out = reader(box);
      assertThat(out.readLine()).isEqualTo("given");
      assertThat(out.readLine()).isEqualTo("s3cret");
      write(box, "hello\n");
      assertThat(out.readLine()).isEqualTo("hello");
      box.in().close();
      assertThat(out.readLine()).isNull();
      assertThat(end(box)).isEqualTo(new BoxEnd(BoxEnd.Kind.EXITED, 5, ""));
      assertThat(box.lastWords()).isEqualTo("oh\n");
    }
    // The run's commands go on beside it, and its sockets are gone.
    Slot slot = sandbox.claim(run);
    assertThat(TestEngine.bash(sandbox, slot, "k", "ls -A /run/helm", 30)).doesNotContain("box-");
  }

  @Test
  void aContainerOfItsOwnSeesNothingAndLeavesNothing() throws Exception {
    Files.writeString(machine.workspaces.create(run).resolve("in.txt"), "mine");
    Slot slot = sandbox.claim(run);
    Box box =
        sandbox
            .boxes()
            .open(
                BoxSpec.own(
                        run,
                        "server",
                        sh(
                            "pwd; ls /slot/* 2>&1 | wc -l; touch /slot/x /workspace/x 2>&1 | wc -l;"
                                + " cat /run/helm/files/hook/a.sh; /run/helm/files/hook/a.sh;"
                                + " read x"))
                    .withEnv(Map.of("TOKEN", "hunter2-hunter2"))
                    .withEgress(List.of("api.example.com"))
                    .withFiles(Map.of("hook/a.sh", "#!/bin/sh\necho $TOKEN\n".getBytes(UTF_8))));
    BufferedReader out = reader(box);
    assertThat(out.readLine()).isEqualTo("/tmp");
    assertThat(out.readLine()).isEqualTo("1");
    assertThat(out.readLine()).isEqualTo("2");
    assertThat(List.of(out.readLine(), out.readLine(), out.readLine()))
        .containsExactly("#!/bin/sh", "echo $TOKEN", "hunter2-hunter2");
    List<String> containers =
        new ArrayList<>(machine.engine.list(machine.settings.installation()).keySet());
    assertThat(containers).hasSize(2);
    for (String container : containers) {
      JsonNode inspect = machine.engine.inspect(container);
      assertThat(String.valueOf(inspect)).doesNotContain("hunter2");
    }
    String boxSlot = grants.now.peek().substring(0, 8);
    assertThat(grants.now).containsExactly(boxSlot + " box/server [api.example.com]");
    assertThat(sandbox.runOf(boxSlot)).isEqualTo(run);
    assertThat(sandbox.runOf(slot.id())).isEqualTo(run);

    write(box, "x\n");
    assertThat(end(box).code()).isEqualTo(0);
    await(() -> machine.engine.list(machine.settings.installation()).size() == 1);
    await(() -> grants.now.isEmpty() && sandbox.runOf(boxSlot) == null);
    await(() -> !Files.exists(machine.home.resolve("slots").resolve(boxSlot)));
    box.close();
  }

  @Test
  void aReaderSeesTheWorkspaceAsItIsAndWritesNothing() throws Exception {
    Path home = machine.workspaces.create(run);
    Files.writeString(home.resolve("in.txt"), "before\n");
    Box box =
        sandbox
            .boxes()
            .open(
                BoxSpec.ownReading(
                    run, "hook", sh("while read l; do cat in.txt; echo no > out.txt; done")));
    BufferedReader out = reader(box);
    write(box, "?\n");
    assertThat(out.readLine()).isEqualTo("before");
    Slot slot = sandbox.claim(run);
    TestEngine.bash(sandbox, slot, "k", "echo after > in.txt", 30);
    write(box, "?\n");
    assertThat(out.readLine()).isEqualTo("after");
    assertThat(box.lastWords()).contains("Read-only file system");

    // It goes before the workspace does.
    sandbox.atHome(run, tree -> tree);
    assertThat(end(box).kind()).isIn(BoxEnd.Kind.KILLED, BoxEnd.Kind.LOST);
    assertThat(machine.engine.list(machine.settings.installation())).isEmpty();
    assertThat(machine.workspaces.home(run).resolve("in.txt")).hasContent("after\n");
  }

  @Test
  void whatCannotBeStartedSaysWhy() {
    for (BoxSpec.Place place : BoxSpec.Place.values()) {
      BoxSpec spec =
          switch (place) {
            case RUN -> BoxSpec.inRun(run, "x", List.of("no-such-program"));
            case OWN -> BoxSpec.own(run, "x", List.of("no-such-program"));
            case OWN_READING -> BoxSpec.ownReading(run, "x", List.of("no-such-program"));
          };
      assertThatThrownBy(() -> sandbox.boxes().open(spec))
          .isInstanceOfSatisfying(
              SandboxRefused.class, e -> assertThat(e.code()).isEqualTo("program"))
          .hasMessageContaining("no-such-program")
          .hasMessageContaining("not found");
    }
    assertThatThrownBy(
            () -> sandbox.boxes().open(BoxSpec.own(run, "x", sh("cat")).withCwd("/no/where")))
        .hasMessageContaining("working directory")
        .hasMessageContaining("/no/where");
    assertThat(machine.engine.list(machine.settings.installation())).hasSize(1);
  }

  @Test
  void boxesEndWithTheRunAndAreCounted() throws Exception {
    List<Box> boxes = new ArrayList<>();
    for (int i = 0; i < Boxes.MAX_BOXES_PER_RUN; i++) {
      boxes.add(sandbox.boxes().open(BoxSpec.inRun(run, "b" + i, sh("cat"))));
    }
    assertThatThrownBy(() -> sandbox.boxes().open(BoxSpec.own(run, "x", sh("cat"))))
        .isInstanceOfSatisfying(SandboxRefused.class, e -> assertThat(e.code()).isEqualTo("boxes"));
    boxes.getFirst().close();
    end(boxes.getFirst());
    Box own = sandbox.boxes().open(BoxSpec.own(run, "own", sh("cat")));

    sandbox.release(run);
    for (Box box : boxes) {
      end(box);
      assertThat(box.out().read()).isEqualTo(-1);
    }
    assertThat(end(own).kind()).isEqualTo(BoxEnd.Kind.KILLED);
    assertThat(machine.engine.list(machine.settings.installation())).isEmpty();
    assertThat(store.list()).isEmpty();
  }

  @Test
  void boxesDieWithTheServiceAndNothingIsLeft() throws Exception {
    sandbox.close();
    List<String> command =
        new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow()));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(BoxHolder.class.getName(), machine.home.toString(), run));
    Process service =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader said = service.inputReader()) {
      assertThat(said.readLine()).isEqualTo("open");
      assertThat(machine.engine.list(machine.settings.installation())).hasSize(3);
    } finally {
      service.destroyForcibly().waitFor();
    }

    store = machine.store();
    sandbox = machine.sandbox(store, grants);
    Slot slot = sandbox.claim(run);
    assertThat(machine.engine.list(machine.settings.installation())).hasSize(1);
    assertThat(store.list()).hasSize(1);
    assertThat(machine.inside(run).resolve("pid")).exists();
    await(() -> bash(sandbox, slot, "kill -0 $(cat pid) 2>/dev/null && echo lives").isEmpty());
  }

  @Test
  void aForeignAgentFindsItsDoorsAndOthersDoNot() throws Exception {
    sandbox.close();
    HttpServer model = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    model.createContext(
        "/",
        exchange -> {
          byte[] answer = ("model " + exchange.getRequestURI()).getBytes(UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    model.start();
    AgentDoor mcp =
        new AgentDoor(
            "mcp", (who, line) -> line.write(ByteBuffer.wrap(("run " + who).getBytes(UTF_8))));
    AgentContainers agents =
        new AgentContainers(
            who -> new ContainerWish(null, BoxSpec.LIMITS, who.equals(run)),
            List.of(AgentDoor.forward("model", model.getAddress()), mcp));
    sandbox =
        DockerSandbox.start(
            machine.settings, store, machine.workspaces, List.of(), agents, WaitingRuns.NONE);
    String script =
        "curl -s -m 20 http://127.0.0.1:3129/v1; echo \" $?\";"
            + " curl -s -m 20 --http0.9 http://127.0.0.1:3130/; echo \" $?\"; ls /run/helm";
    try {
      try (Box box = sandbox.boxes().open(BoxSpec.inRun(run, "agent", sh(script)))) {
        BufferedReader out = reader(box);
        assertThat(out.readLine()).isEqualTo("model /v1 0");
        assertThat(out.readLine()).startsWith("run " + run);
        assertThat(machine.inspect(sandbox.claim(run)).at("/HostConfig/Memory").asLong())
            .isEqualTo(BoxSpec.LIMITS.memoryBytes());
      }
      // The next service opens them again in the same container.
      sandbox.close();
      sandbox =
          DockerSandbox.start(
              machine.settings, store, machine.workspaces, List.of(), agents, WaitingRuns.NONE);
      try (Box box = sandbox.boxes().open(BoxSpec.inRun(run, "agent", sh(script)))) {
        assertThat(reader(box).readLine()).isEqualTo("model /v1 0");
      }
      String other = TestEngine.newRun();
      try (Box box = sandbox.boxes().open(BoxSpec.inRun(other, "native", sh(script)))) {
        assertThat(reader(box).lines()).containsSequence(" 7", " 7").doesNotContain("model.sock");
      }
    } finally {
      model.stop(0);
    }
  }

  private final java.util.concurrent.atomic.AtomicInteger keys =
      new java.util.concurrent.atomic.AtomicInteger();

  private String bash(DockerSandbox in, Slot slot, String script) {
    try {
      return TestEngine.bash(in, slot, "probe" + keys.incrementAndGet(), script, 60);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static final java.nio.charset.Charset UTF_8 = StandardCharsets.UTF_8;

  private static List<String> sh(String script) {
    return List.of("sh", "-c", script);
  }

  private static BufferedReader reader(Box box) {
    return new BufferedReader(new InputStreamReader(box.out(), UTF_8));
  }

  private static void write(Box box, String text) throws IOException {
    OutputStream in = box.in();
    in.write(text.getBytes(UTF_8));
    in.flush();
  }

  private static BoxEnd end(Box box) throws Exception {
    return box.end().get(60, TimeUnit.SECONDS);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("a minute passed").isLessThan(until);
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }
}
