package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A thing on the engine's socket that is no engine: every call ends in time and in plain words. */
@Timeout(60)
final class HostileEngineTest {
  private static final Duration DEADLINE = Duration.ofMillis(500);

  /** How it answers. */
  enum Manner {
    SILENT(""),
    HALF(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"Id\":"),
    HALF_A_HEADER("HTTP/1.1 200 OK\r\nContent-Le"),
    GARBAGE("\u0000\u0001 this is not HTTP\r\n\r\n"),
    NOT_JSON("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnope"),
    OTHER_JSON("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1,2,3]"),
    FLOOD("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n{\"Id\":\""),
    FLOOD_IN_CHUNKS("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n{\"Id\":\""),
    DRIP("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{");

    private final String said;

    Manner(String said) {
      this.said = said;
    }

    boolean floods() {
      return this == FLOOD || this == FLOOD_IN_CHUNKS;
    }
  }

  private final AtomicInteger open = new AtomicInteger();
  private final AtomicLong written = new AtomicLong();
  private Path directory;
  private ServerSocketChannel listener;
  private volatile Manner manner = Manner.SILENT;

  @BeforeEach
  void listen() throws IOException {
    directory = Files.createTempDirectory("he");
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(directory.resolve("s")));
    Thread.ofVirtual().start(this::accept);
  }

  @AfterEach
  void close() throws IOException {
    listener.close();
    Trees.delete(directory, Path.of(System.getProperty("java.io.tmpdir")));
  }

  @ParameterizedTest
  @EnumSource(Manner.class)
  void everyCallEndsInTimeAndSaysWhy(Manner how) throws Exception {
    manner = how;
    try (Engine engine = engine()) {
      Map<String, Runnable> calls =
          Map.of(
              "info", engine::info,
              "image", () -> engine.hasImage("sha256:" + "a".repeat(64)),
              "create", () -> engine.create(plan()),
              "start", () -> engine.start("c"),
              "inspect", () -> engine.inspect("c"),
              "remove", () -> engine.remove("c"),
              "list", () -> engine.list("i"));
      for (Map.Entry<String, Runnable> call : calls.entrySet()) {
        long began = System.nanoTime();
        Throwable failure = catchThrowable(call.getValue()::run);
        long tookMs = (System.nanoTime() - began) / 1_000_000;
        // Other JSON may look like an answer to a call that reads none of it.
        if (how != Manner.OTHER_JSON && how != Manner.NOT_JSON) {
          assertThat(failure).as(call.getKey()).isInstanceOf(EngineUnavailable.class);
          assertThat(((EngineUnavailable) failure).retryable()).isTrue();
        }
        assertThat(tookMs).as(call.getKey()).isLessThan(10 * DEADLINE.toMillis());
      }
      if (how.floods()) {
        assertThat(written.get()).isLessThan(calls.size() * 64L << 20);
      }
      if (how != Manner.OTHER_JSON && how != Manner.NOT_JSON) {
        awaitNoLine();
      }
    }
  }

  @Test
  void anEngineThatComesToItsSensesIsUsedAgain() throws Exception {
    try (Engine engine = engine()) {
      manner = Manner.SILENT;
      for (int i = 0; i < 80; i++) {
        // More than there are connections in the pool: none may stay taken.
        Thread.ofVirtual()
            .start(
                () -> {
                  var _ = catchThrowable(engine::info);
                });
      }
      assertThat(catchThrowable(engine::info)).isInstanceOf(EngineUnavailable.class);
      awaitNoLine();
      manner = Manner.OTHER_JSON;
      assertThatCode(engine::info).doesNotThrowAnyException();
    }
  }

  private Engine engine() {
    return new Engine(URI.create("unix://" + directory.resolve("s")), DEADLINE, DEADLINE);
  }

  private ContainerPlan plan() {
    return new ContainerPlan(
        "sha256:" + "a".repeat(64),
        "i",
        "0123abcd",
        1000,
        directory,
        directory,
        SandboxLimits.DEFAULT,
        true);
  }

  private void awaitNoLine() throws InterruptedException {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (open.get() > 0 && System.nanoTime() < due) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
    assertThat(open.get()).as("lines that stay open").isZero();
  }

  private void accept() {
    while (listener.isOpen()) {
      try {
        SocketChannel line = listener.accept();
        open.incrementAndGet();
        Thread.ofVirtual().start(() -> answer(line, manner));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void answer(SocketChannel line, Manner how) {
    try (line) {
      line.read(ByteBuffer.allocate(65_536));
      send(line, how.said.getBytes(StandardCharsets.US_ASCII));
      byte[] more = "0".repeat(how.floods() ? 65_536 : 1).getBytes(StandardCharsets.US_ASCII);
      while (how.floods() || how == Manner.DRIP) {
        send(line, more);
        if (how == Manner.DRIP) {
          TimeUnit.MILLISECONDS.sleep(50);
        }
      }
      while (how != Manner.GARBAGE && line.read(ByteBuffer.allocate(65_536)) >= 0) {
        // Until the caller gives up.
      }
    } catch (IOException e) {
      // The caller gave up.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.decrementAndGet();
    }
  }

  private void send(SocketChannel line, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      written.addAndGet(line.write(buffer));
    }
  }
}
