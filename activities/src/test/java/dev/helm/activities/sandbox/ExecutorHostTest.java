package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real sockets, and an executor that can lie. */
@Timeout(60)
final class ExecutorHostTest implements HostEvents {
  private static final String SECRET = "5".repeat(64);
  private static final int OWN_PID = (int) ProcessHandle.current().pid();

  @TempDir private Path directory;
  private final CompletableFuture<String> misbehaved = new CompletableFuture<>();
  private final List<AutoCloseable> toClose = new ArrayList<>();
  private final AtomicInteger refusals = new AtomicInteger();
  private Path socket;
  private ExecutorHost host;

  @BeforeEach
  void open() throws IOException {
    socket = directory.resolve("x.sock");
    host = openHost(false);
    host.expectPid(OWN_PID);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : toClose) {
      each.close();
    }
  }

  private ExecutorHost openHost(boolean secretGiven) throws IOException {
    ExecutorHost opened =
        ExecutorHost.open(socket, Workspaces.defaultOwnerUid(), SECRET, secretGiven, this);
    toClose.add(opened);
    return opened;
  }

  @Test
  void theFirstWelcomeGivesTheSecretAndLaterHellosShowIt() throws Exception {
    try (ScriptedExecutor first = new ScriptedExecutor(socket)) {
      first.hello(null, "");
      assertThat(first.expect("welcome").path("secret").asText()).isEqualTo(SECRET);
      first.expect("ping");
      assertThat(host.connected()).isFalse();
      first.send("{\"t\":\"pong\"}");
      assertThat(host.awaitConnected(Duration.ofSeconds(5))).isTrue();
      host.secretGiven();
    }
    await(() -> !host.connected());
    refused(null, "");
    refused("6".repeat(64), "");
    try (ScriptedExecutor again = ScriptedExecutor.known(socket, SECRET, "")) {
      assertThat(host.awaitConnected(Duration.ofSeconds(5))).isTrue();
    }
    assertThat(refusals.get()).isEqualTo(2);
  }

  @Test
  void anotherProcessIsRefusedWhateverItKnows() throws Exception {
    host.close();
    host = openHost(false);
    host.expectPid(OWN_PID + 1);
    refused(null, "");
    refused(SECRET, "");
  }

  @Test
  void theKernelTellsWhoDialled() throws Exception {
    CompletableFuture<Integer> pid = new CompletableFuture<>();
    Path other = directory.resolve("p.sock");
    toClose.add(
        UnixListener.open(
            other, Workspaces.defaultOwnerUid(), channel -> pid.complete(PeerPid.of(channel))));
    try (ScriptedExecutor unused = new ScriptedExecutor(other)) {
      assertThat(pid.get(5, TimeUnit.SECONDS)).isEqualTo(OWN_PID);
    }
  }

  @Test
  void aSecondConnectionIsRefusedWhileTheFirstLives() throws Exception {
    try (ScriptedExecutor first = ScriptedExecutor.known(socket, null, "")) {
      assertThat(host.awaitConnected(Duration.ofSeconds(5))).isTrue();
      refused(SECRET, "");
      first.send("{\"t\":\"ping\"}");
      first.expect("pong");
    }
  }

  @Test
  void anExecutorThatMakesUpEffectsFillsNoMemory() throws Exception {
    boolean refused = false;
    int dials = 0;
    while (dials < 60 && !refused) {
      int i = dials++;
      StringBuilder effects = new StringBuilder();
      for (int j = 0; j < 1_500; j++) {
        effects
            .append(j == 0 ? "" : ",")
            .append("{\"key\":\"k" + i + "." + j + "\",\"state\":\"ended\",\"off\":0}");
      }
      try (ScriptedExecutor executor = new ScriptedExecutor(socket)) {
        executor.hello(i == 0 ? null : SECRET, effects.toString());
        refused = executor.closedByHostAtOnce();
        if (!refused) {
          executor.send("{\"t\":\"pong\"}");
          assertThat(host.awaitConnected(Duration.ofSeconds(5))).isTrue();
        }
      }
      await(() -> !host.connected());
    }
    assertThat(refused).isTrue();
    assertThat(dials).isEqualTo(42); // 60,000 keys are known after 40
  }

  @Test
  void aSilentConnectionIsClosed() throws Exception {
    try (ScriptedExecutor silent = new ScriptedExecutor(socket)) {
      assertThat(silent.closedByHost()).isTrue();
    }
    await(() -> refusals.get() == 1);
  }

  static Stream<byte[]> hostileFirstFrames() {
    return Stream.of(
        new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff},
        new byte[] {0, 0, 0, 0},
        new byte[] {0, 1, 0, 1},
        frame("[]"),
        frame("{\"t\":\"exit\",\"key\":\"k\",\"code\":0}"),
        frame("{\"t\":\"hello\",\"v\":2,\"boot\":\"" + ScriptedExecutor.BOOT + "\"}"),
        frame("{\"t\":\"hello\",\"v\":1,\"boot\":\"../../x\"}"),
        frame(
            "{\"t\":\"hello\",\"t\":\"hello\",\"v\":1,\"boot\":\"" + ScriptedExecutor.BOOT + "\"}"),
        frame("{\"t\":\"hello\",\"v\":1,\"boot\":\"" + ScriptedExecutor.BOOT + "\"} x"),
        frame("[".repeat(60_000)),
        frame("{\"t\":\"hello\",\"v\":1" + "0".repeat(1000) + "}"),
        ByteBuffer.allocate(6).putInt(2).put((byte) 0xc3).put((byte) 0x28).array());
  }

  @ParameterizedTest
  @MethodSource("hostileFirstFrames")
  void hostileFirstFramesAreRefused(byte[] bytes) throws Exception {
    try (ScriptedExecutor hostile = new ScriptedExecutor(socket)) {
      hostile.raw(bytes);
      assertThat(hostile.closedByHost()).isTrue();
    }
    assertThat(refusals.get()).isEqualTo(1);
    try (ScriptedExecutor good = ScriptedExecutor.known(socket, null, "")) {
      assertThat(host.awaitConnected(Duration.ofSeconds(5))).isTrue();
    }
  }

  @Test
  void outputIsHandedOverInOrderAndThenAcknowledged() throws Exception {
    try (ScriptedExecutor executor = ScriptedExecutor.known(socket, null, "")) {
      Collected output = new Collected(0);
      EffectHandle handle = host.start(spec("k", 0), output);
      JsonNode start = executor.expect("start");
      assertThat(start.path("offset").asLong()).isZero();
      assertThat(start.path("hash").asText()).hasSize(64);
      executor.output("k", 0, "abc");
      assertThat(executor.expect("ack").path("off").asLong()).isEqualTo(3);
      executor.output("k", 1, "bcde");
      assertThat(executor.expect("ack").path("off").asLong()).isEqualTo(5);
      executor.exit("k", 5);
      assertThat(handle.exit().get(5, TimeUnit.SECONDS).keptBytes()).isEqualTo(5);
      assertThat(output.text()).isEqualTo("abcde");
      handle.acknowledge();
      JsonNode ack = executor.expect("ack");
      assertThat(ack.path("exit").asBoolean()).isTrue();
      assertThat(ack.path("off").asLong()).isEqualTo(5);
    }
  }

  @Test
  void aBrokenLineIsSurvived() throws Exception {
    Collected output = new Collected(0);
    EffectHandle handle = host.start(spec("k", 0), output);
    try (ScriptedExecutor first = ScriptedExecutor.known(socket, null, "")) {
      first.expect("start");
      first.output("k", 0, "abc");
      output.await(3);
    }
    String running = "{\"key\":\"k\",\"state\":\"running\",\"off\":3}";
    try (ScriptedExecutor second = reconnect(running)) {
      assertThat(second.expect("start").path("offset").asLong()).isEqualTo(3);
      second.output("k", 3, "def");
      second.expect("ack");
      second.exit("k", 6);
      handle.exit().get(5, TimeUnit.SECONDS);
    }
    handle.acknowledge();
    try (ScriptedExecutor third = reconnect("{\"key\":\"k\",\"state\":\"ended\",\"off\":6}")) {
      assertThat(third.expect("ack").path("exit").asBoolean()).isTrue();
    }
    assertThat(output.text()).isEqualTo("abcdef");
  }

  @Test
  void aNewerAttemptTakesOverAndStaleFramesAreIgnored() throws Exception {
    try (ScriptedExecutor executor = ScriptedExecutor.known(socket, null, "")) {
      CountDownLatch stuck = new CountDownLatch(1);
      CountDownLatch reached = new CountDownLatch(1);
      EffectHandle older =
          host.start(
              spec("k", 0),
              (at, data) -> {
                reached.countDown();
                stuck.await();
              });
      executor.expect("start");
      executor.output("k", 0, "abcdef");
      assertThat(reached.await(5, TimeUnit.SECONDS)).isTrue();
      Collected output = new Collected(2);
      EffectHandle newer = host.start(spec("k", 2), output);
      assertThat(executor.expect("start").path("offset").asLong()).isEqualTo(2);
      executor.output("k", 6, "ghi");
      executor.exit("k", 9);
      executor.output("k", 2, "cdefghi");
      executor.exit("k", 9);
      newer.exit().get(5, TimeUnit.SECONDS);
      assertThat(output.text()).isEqualTo("cdefghi");
      stuck.countDown();
      assertThatThrownBy(() -> older.exit().get(5, TimeUnit.SECONDS))
          .hasCauseInstanceOf(SandboxRefused.class);
    }
  }

  @Test
  void aSinkThatFailsFailsTheAttemptAndNothingIsAcknowledged() throws Exception {
    try (ScriptedExecutor executor = ScriptedExecutor.known(socket, null, "")) {
      EffectHandle handle =
          host.start(
              spec("k", 0),
              (at, data) -> {
                throw new IOException("disk full");
              });
      executor.expect("start");
      executor.output("k", 0, "abc");
      assertThatThrownBy(() -> handle.exit().get(5, TimeUnit.SECONDS))
          .hasMessageContaining("disk full");
      Collected output = new Collected(0);
      host.start(spec("k", 0), output);
      assertThat(executor.expect("start").path("offset").asLong()).isZero();
      executor.output("k", 0, "abc");
      output.await(3);
    }
  }

  static Stream<String> violations() {
    return Stream.of(
        "{\"t\":\"out\",\"key\":\"k\",\"off\":5,\"data\":\"YQ==\"}",
        "{\"t\":\"out\",\"key\":\"k\",\"off\":-1,\"data\":\"YQ==\"}",
        "{\"t\":\"out\",\"key\":\"k\",\"off\":0,\"data\":\"\"}",
        "{\"t\":\"out\",\"key\":\"k\",\"off\":0,\"data\":\"%%\"}",
        "{\"t\":\"out\",\"key\":\"k\",\"off\":0}",
        "{\"t\":\"out\",\"key\":\"k\",\"off\":0,\"data\":\"" + "YWFh".repeat(30) + "\"}",
        "{\"t\":\"exit\",\"key\":\"k\",\"code\":0,\"reason\":\"exited\",\"len\":9,\"total\":9,\"dropped\":0}",
        "{\"t\":\"exit\",\"key\":\"k\",\"code\":0,\"reason\":\"magic\",\"len\":1,\"total\":1,\"dropped\":0}",
        "{\"t\":\"exit\",\"key\":\"k\",\"code\":1e99,\"reason\":\"exited\",\"len\":1,\"total\":1,\"dropped\":0}",
        "{\"t\":\"error\",\"key\":\"k\",\"code\":\"A B\",\"message\":\"x\"}",
        "{\"t\":\"magic\"}",
        "{}");
  }

  @ParameterizedTest
  @MethodSource("violations")
  void aViolationDropsTheLineAndTheEffectGoesOn(String frame) throws Exception {
    Collected output = new Collected(0);
    EffectHandle handle = host.start(spec("k", 0), output);
    try (ScriptedExecutor hostile = ScriptedExecutor.known(socket, null, "")) {
      hostile.expect("start");
      hostile.output("k", 0, "a");
      output.await(1);
      hostile.send(frame);
      assertThat(hostile.closedByHost()).isTrue();
    }
    assertThat(handle.exit()).isNotDone();
    try (ScriptedExecutor good = reconnect("")) {
      assertThat(good.expect("start").path("offset").asLong()).isEqualTo(1);
      good.exit("k", 1);
      assertThat(handle.exit().get(5, TimeUnit.SECONDS).code()).isZero();
    }
  }

  @Test
  void tooManyViolationsMeanThatTheContainerCannotBeTrusted() throws Exception {
    for (int i = 0; i < 5; i++) {
      try (ScriptedExecutor hostile = reconnect("")) {
        hostile.send("{}");
        assertThat(hostile.closedByHost()).isTrue();
      }
    }
    assertThat(misbehaved.get(5, TimeUnit.SECONDS)).contains("broke the protocol");
  }

  @Test
  void aCommandThatIsNotEndedInTimeIsKilledAndThenGivenUp() throws Exception {
    try (ScriptedExecutor executor = ScriptedExecutor.known(socket, null, "")) {
      EffectHandle handle =
          host.start(
              new EffectSpec("k", ToolCommand.of("/bin/sleep", "9").withDeadlineMs(1), 0),
              (at, data) -> {});
      executor.expect("start");
      assertThat(executor.expect("kill").path("hard").asBoolean()).isTrue();
      assertThat(misbehaved.get(20, TimeUnit.SECONDS)).contains("time was up");
      host.end(new SandboxLost("removed"));
      assertThatThrownBy(() -> handle.exit().get(5, TimeUnit.SECONDS))
          .hasCauseInstanceOf(SandboxLost.class);
    }
  }

  @Test
  void aKillBeforeTheExecutorCameIsNotForgotten() throws Exception {
    host.start(spec("k", 0), (at, data) -> {});
    host.kill("k", false);
    try (ScriptedExecutor executor = ScriptedExecutor.known(socket, null, "")) {
      executor.expect("start");
      assertThat(executor.expect("kill").path("hard").asBoolean()).isFalse();
    }
  }

  @Test
  void aNewHostTakesTheSocketOver() throws Exception {
    try (ScriptedExecutor first = ScriptedExecutor.known(socket, null, "")) {
      assertThat(host.awaitConnected(Duration.ofSeconds(5))).isTrue();
      host.close();
      assertThat(first.closedByHost()).isTrue();
    }
    host = openHost(true);
    host.expectPid(OWN_PID);
    refused(null, "");
    try (ScriptedExecutor again = ScriptedExecutor.known(socket, SECRET, "")) {
      assertThat(host.awaitConnected(Duration.ofSeconds(5))).isTrue();
    }
    assertThat(Files.list(directory).map(path -> path.getFileName().toString()))
        .containsExactly("x.sock");
  }

  private ScriptedExecutor reconnect(String effects) throws IOException {
    await(() -> !host.connected());
    for (int tries = 0; ; tries++) {
      try {
        return ScriptedExecutor.known(socket, SECRET, effects);
      } catch (IOException e) {
        if (tries == 50) {
          throw e;
        }
      }
    }
  }

  private void refused(@org.jspecify.annotations.Nullable String secret, String effects)
      throws IOException {
    try (ScriptedExecutor other = new ScriptedExecutor(socket)) {
      other.hello(secret, effects);
      assertThat(other.closedByHost()).isTrue();
    }
  }

  private static EffectSpec spec(String key, long offset) {
    return new EffectSpec(key, ToolCommand.of("/bin/true").withCapBytes(64), offset);
  }

  private static byte[] frame(String json) {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).array();
  }

  private interface Condition {
    boolean holds();
  }

  private static void await(Condition condition) {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.holds()) {
      assertThat(System.nanoTime()).isLessThan(due);
      Thread.onSpinWait();
    }
  }

  @Override
  public void connected() {}

  @Override
  public void disconnected() {}

  @Override
  public void refused(String why) {
    refusals.incrementAndGet();
  }

  @Override
  public void misbehaved(String why) {
    misbehaved.complete(why);
  }
}
