package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A ledger that is away, slow, or answers twice: no call without a grant, no end lost. */
class LedgerFaultTest {
  private static Rig rig() throws Exception {
    return new Rig((request, socket, out) -> Sse.send(out), Rig.shortTimes());
  }

  @Test
  void noBecomesTheClientsAnswer() throws Exception {
    try (Rig rig = rig()) {
      RawClient.Answer poor =
          rig.exchange(RawClient.post("/v1/messages", "x-api-key: poor\r\n", RawClient.BODY));
      assertThat(poor.status()).isEqualTo(402);
      assertThat(poor.hasHeader("x-should-retry: false")).isTrue();
      assertThat(poor.hasHeader("x-helm-affordable-tokens: 123")).isTrue();
      assertThat(poor.hasHeader("x-helm-budget: project:a/day spent=1.000000")).isTrue();
      assertThat(poor.text())
          .isEqualTo(
              "{\"type\":\"error\",\"error\":{\"type\":\"billing_error\",\"message\":"
                  + "\"the run's budget is spent (budget_exhausted)\"}}");
      RawClient.Answer unknown =
          rig.exchange(RawClient.post("/v1/messages", "x-api-key: unknown\r\n", RawClient.BODY));
      assertThat(unknown.status()).isEqualTo(401);
      assertThat(unknown.text()).contains("authentication_error");
      assertThat(rig.upstream.requests).isEmpty();
      assertThat(rig.ledger.ends).isEmpty();
    }
  }

  @Test
  void aLineAboutTheCapThatIsNoHeadersValueIsLeftOut() throws Exception {
    try (Rig rig = rig()) {
      rig.ledger.script(
          (line, usual) ->
              usual.stream()
                  .map(text -> text.replace("project:a/day", "a\\r\\nx-injected: 1"))
                  .toList());
      RawClient.Answer poor =
          rig.exchange(RawClient.post("/v1/messages", "x-api-key: poor\r\n", RawClient.BODY));
      assertThat(poor.status()).isEqualTo(402);
      assertThat(poor.hasHeader("x-injected: 1")).isFalse();
      assertThat(poor.hasHeader("x-helm-affordable-tokens: 123")).isTrue();
    }
  }

  @Test
  void aLedgerThatIsAwayClosesTheDoorAndOpensItAgain() throws Exception {
    try (Rig rig = rig()) {
      rig.ledger.stop();
      RawClient.Answer away = rig.exchange(RawClient.post(RawClient.BODY));
      assertThat(away.status()).isEqualTo(503);
      assertThat(away.hasHeader("x-should-retry: true")).isTrue();
      assertThat(rig.upstream.requests).isEmpty();
      rig.ledger.startAgain();
      Rig.until(() -> rig.ledger.of("hello").size() >= 2);
      assertThat(rig.exchange(RawClient.post(RawClient.BODY)).status()).isEqualTo(200);
      List<String> boots =
          rig.ledger.of("hello").stream().map(line -> line.members().get("boot")).toList();
      assertThat(boots).containsOnly(boots.getFirst());
    }
  }

  @Test
  void aGrantThatIsLostIsRefusedAndVoided() throws Exception {
    try (Rig rig = rig()) {
      rig.ledger.script((line, usual) -> line.op().equals("reserve") ? List.of("CLOSE") : usual);
      assertThat(rig.exchange(RawClient.post(RawClient.BODY)).status()).isEqualTo(503);
      Rig.until(() -> rig.ledger.ends.containsValue("void"));
      assertThat(rig.upstream.requests).isEmpty();
    }
  }

  @Test
  void aGrantThatComesTooLateOpensNothing() throws Exception {
    List<String> held = new CopyOnWriteArrayList<>();
    AtomicInteger voids = new AtomicInteger();
    try (Rig rig = rig()) {
      rig.ledger.script(
          (line, usual) -> {
            if (line.op().equals("reserve")) {
              held.addAll(usual);
              return List.of();
            }
            // The late grant comes in place of the first acknowledgement, and is none.
            return line.op().equals("void") && voids.getAndIncrement() == 0 ? held : usual;
          });
      assertThat(rig.exchange(RawClient.post(RawClient.BODY)).status()).isEqualTo(503);
      Rig.until(() -> voids.get() >= 2);
      Rig.until(() -> rig.proxy.ledger().openClosings() == 0);
      assertThat(rig.upstream.requests).isEmpty();
    }
  }

  @Test
  void answersTwiceAreTakenOnce() throws Exception {
    try (Rig rig = rig();
        RawClient client = rig.client()) {
      rig.ledger.script(
          (line, usual) ->
              line.op().equals("hello") ? usual : List.of(usual.getFirst(), usual.getFirst()));
      for (int i = 0; i < 5; i++) {
        assertThat(client.send(RawClient.post(RawClient.BODY)).read().whole()).isTrue();
      }
      assertThat(rig.ledger.of("settle")).hasSize(5);
      assertThat(rig.proxy.ledger().openClosings()).isZero();
    }
  }

  @Test
  void theLastBytesWaitForTheLedgerAndNotForEver() throws Exception {
    try (Rig rig = rig()) {
      rig.ledger.script((line, usual) -> line.op().equals("settle") ? List.of() : usual);
      long from = System.nanoTime();
      RawClient.Answer answer = rig.exchange(RawClient.post(RawClient.BODY));
      long tookMs = (System.nanoTime() - from) / 1_000_000;
      assertThat(answer.whole()).isTrue();
      assertThat(tookMs).isGreaterThanOrEqualTo(Rig.shortTimes().ledger().ackMs());
      Rig.until(() -> rig.ledger.of("settle").size() >= 2);
      assertThat(rig.proxy.ledger().openClosings()).isEqualTo(1);
      rig.ledger.script((line, usual) -> usual);
      Rig.until(() -> rig.proxy.ledger().openClosings() == 0);
      assertThat(rig.ledger.ends.values()).containsExactly("settle");
    }
  }

  @Test
  void anEndThatMissedTheLedgerComesWithTheNextConnection() throws Exception {
    try (Rig rig = rig()) {
      rig.upstream.answer =
          (request, socket, out) -> {
            rig.ledger.stop();
            Sse.send(out);
          };
      assertThat(rig.exchange(RawClient.post(RawClient.BODY)).whole()).isTrue();
      assertThat(rig.ledger.ends).isEmpty();
      rig.ledger.startAgain();
      Rig.until(() -> rig.ledger.ends.containsValue("settle"));
      Rig.until(() -> rig.proxy.ledger().openClosings() == 0);
    }
  }

  @Test
  void anEndThatTheLedgerCannotTakeNowIsRepeatedAndOneItNeverTakesIsNot() throws Exception {
    AtomicInteger settles = new AtomicInteger();
    try (Rig rig = rig()) {
      rig.ledger.script(
          (line, usual) -> {
            if (!line.op().equals("settle")) {
              return usual;
            }
            int status = settles.getAndIncrement() == 0 ? 503 : 400;
            String id = "{\"id\":\"" + line.id() + "\"";
            return List.of(id + ",\"ok\":false,\"status\":" + status + ",\"code\":\"x\"}");
          });
      assertThat(rig.exchange(RawClient.post(RawClient.BODY)).whole()).isTrue();
      Rig.until(() -> rig.proxy.ledger().openClosings() == 0);
      assertThat(settles).hasValue(2);
      assertThat(rig.ledger.of("charge"))
          .as("what was held is spent, whatever the ledger thinks of the usage")
          .singleElement()
          .extracting(line -> line.members().get("reason"))
          .isEqualTo("no_usage");
    }
  }

  /** Calls under a ledger and an upstream that fail at random: each grant ends once. */
  @Test
  void everyGrantEndsOnce() throws Exception {
    soak(150);
  }

  @Test
  @Tag("campaign")
  void everyGrantEndsOnceOverALongTime() throws Exception {
    soak(5_000);
  }

  private static void soak(int calls) throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    try (Rig rig = rig()) {
      rig.upstream.answer =
          (request, socket, out) -> {
            switch (random.nextInt(6)) {
              case 0 -> socket.close();
              case 1 -> {
                out.write(Sse.bytes(Sse.HEAD));
                Sse.chunk(out, Sse.start());
                socket.close();
              }
              case 2 -> RelayTest.json(out, 529, "{}");
              default -> Sse.send(out);
            }
          };
      rig.ledger.script(
          (line, usual) ->
              switch (line.op().equals("hello") ? 9 : random.nextInt(12)) {
                case 0 -> List.of("CLOSE");
                case 1 -> List.of(usual.getFirst(), "CLOSE");
                default -> usual;
              });
      int whole = 0;
      for (int i = 0; i < calls; i++) {
        try (RawClient client = rig.client()) {
          client.send(RawClient.post(RawClient.BODY));
          if (random.nextInt(5) > 0) {
            whole += client.read().whole() ? 1 : 0;
          } else {
            LockSupport.parkNanos(random.nextInt(3_000_000));
          }
        }
      }
      Rig.until(() -> rig.proxy.ledger().openClosings() == 0 && rig.ledger.open.isEmpty());
      assertThat(whole).isPositive();
      Map<String, String> ends = rig.ledger.ends;
      assertThat(ends.values()).isSubsetOf("settle", "charge", "void");
      // A reservation that never arrived is voided too, because the proxy cannot know.
      List<String> reserved = rig.ledger.of("reserve").stream().map(FakeLedger.Line::id).toList();
      assertThat(ends.keySet()).containsAll(reserved);
      assertThat(ends)
          .allSatisfy(
              (id, end) -> assertThat(reserved.contains(id) || end.equals("void")).isTrue());
      long spent = ends.values().stream().filter(end -> !end.equals("void")).count();
      assertThat(rig.upstream.requests.size()).isLessThanOrEqualTo((int) spent);
    }
  }
}
