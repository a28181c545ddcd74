package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A client that leaves ends the upstream's work at once, also while the upstream is silent. */
class ClientGoneTest {
  private static final int TRIES = 20;

  interface Leave {
    void run(Socket socket) throws Exception;
  }

  record Way(String name, boolean headFirst, Leave leave) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Way> ways() {
    Leave reset =
        socket -> {
          socket.setSoLinger(true, 0);
          socket.close();
        };
    return Stream.of(
        new Way("close in a silent stream", true, Socket::close),
        new Way("reset in a silent stream", true, reset),
        new Way("half close in a silent stream", true, Socket::shutdownOutput),
        new Way("close before the head", false, Socket::close),
        new Way("reset before the head", false, reset));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void theUpstreamIsClosedAtOnce(Way way) throws Exception {
    AtomicLong closedNanos = new AtomicLong();
    try (Rig rig =
        new Rig(
            (request, socket, out) -> {
              if (way.headFirst()) {
                out.write(Sse.bytes(Sse.HEAD));
                Sse.chunk(out, Sse.start());
              }
              try {
                FakeUpstream.awaitClose(socket);
              } finally {
                closedNanos.set(System.nanoTime());
              }
            })) {
      long[] tookUs = new long[TRIES];
      for (int i = 0; i < TRIES; i++) {
        tookUs[i] = leave(rig, way, closedNanos, i + 1);
      }
      java.util.Arrays.sort(tookUs);
      System.out.println(
          way
              + ": upstream closed after µs p50 "
              + tookUs[TRIES / 2]
              + " max "
              + tookUs[TRIES - 1]);
      Rig.until(() -> rig.ledger.ends.size() == TRIES);
      assertThat(rig.ledger.ends.values()).containsOnly("charge");
      assertThat(rig.ledger.of("charge")).allMatch(line -> line.text().contains("client_gone"));
    }
  }

  private static long leave(Rig rig, Way way, AtomicLong closedNanos, int count) throws Exception {
    closedNanos.set(0);
    try (RawClient client = rig.client()) {
      client.send(RawClient.post(RawClient.BODY));
      Rig.until(() -> rig.upstream.requests.size() == count);
      if (way.headFirst()) {
        assertThat(client.in.read()).isEqualTo('H');
      }
      long from = System.nanoTime();
      way.leave().run(client.socket);
      Rig.until(() -> closedNanos.get() != 0);
      return TimeUnit.NANOSECONDS.toMicros(closedNanos.get() - from);
    }
  }

  @Test
  void aClientThatReadsNothingIsCutOff() throws Exception {
    byte[] text = Sse.bytes(Sse.delta("x".repeat(60_000)));
    try (Rig rig =
            new Rig(
                (request, socket, out) -> {
                  out.write(Sse.bytes(Sse.HEAD));
                  while (true) {
                    out.write(Sse.chunk(text, 0, text.length));
                  }
                },
                Rig.shortTimes());
        RawClient client = rig.client()) {
      client.send(RawClient.post(RawClient.BODY));
      Rig.until(() -> rig.upstream.closedByPeer.get() == 1);
      Rig.until(() -> rig.ledger.ends.containsValue("charge"));
      assertThat(rig.ledger.of("charge").getFirst().text()).contains("client_gone");
    }
  }

  @Test
  void aClientThatLeavesBeforeTheGrantCostsNothing() throws Exception {
    CountDownLatch left = new CountDownLatch(1);
    try (Rig rig = new Rig((request, socket, out) -> Sse.send(out))) {
      rig.ledger.script(
          (line, usual) -> {
            if (line.op().equals("reserve")) {
              try {
                left.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            }
            return usual;
          });
      try (RawClient client = rig.client()) {
        client.send(RawClient.post(RawClient.BODY));
      }
      left.countDown();
      Rig.until(() -> rig.ledger.ends.size() == 1);
      assertThat(rig.ledger.ends.values()).isSubsetOf("void", "charge");
    }
  }

  @Test
  void bytesBeforeTheAnswersEndCloseTheConnectionBehindIt() throws Exception {
    CountDownLatch more = new CountDownLatch(1);
    try (Rig rig =
            new Rig(
                (request, socket, out) -> {
                  more.await();
                  Sse.send(out);
                });
        RawClient client = rig.client()) {
      client.send(RawClient.post(RawClient.BODY));
      Rig.until(() -> rig.upstream.requests.size() == 1);
      client.send(RawClient.post(RawClient.BODY));
      more.countDown();
      assertThat(client.read().text()).isEqualTo(Sse.whole(3));
      assertThat(client.read().status()).isZero();
      assertThat(rig.upstream.requests).hasSize(1);
    }
  }
}
