package dev.helm.keyproxy;

import static dev.helm.keyproxy.BadMessageException.Kind.TOO_LARGE;

import java.io.IOException;

/** One client's connection: its requests one after the other, each answered before the next. */
final class ClientConnection implements Runnable {
  private static final int DRAIN_BYTES = 4 << 20;
  private static final long DRAIN_MS = 1_000;

  private final Wire wire;
  private final WireInput in;
  private final byte[] pieces = ClientAnswer.newPieceBuffer();
  private final Relay relay;
  private final BodyMemory memory;
  private final Limits limits;
  private final Watchdog watchdog;
  private final CallLog log;

  ClientConnection(
      Wire wire, Relay relay, BodyMemory memory, Limits limits, Watchdog watchdog, CallLog log) {
    this.wire = wire;
    this.in = new WireInput(wire, limits.sizes().requestHeadBytes());
    this.relay = relay;
    this.memory = memory;
    this.limits = limits;
    this.watchdog = watchdog;
    this.log = log;
  }

  @Override
  public void run() {
    try (wire) {
      while (next()) {
        // Each round serves one request.
      }
    } catch (IOException e) {
      // The client is gone or was cut off; its call, if there was one, has its line in the log.
    }
  }

  /** Serves one request; false if the connection ends with it. */
  private boolean next() throws IOException {
    byte[] head;
    Call call = new Call();
    ClientAnswer answer = new ClientAnswer(wire, pieces, limits.client().writeMs());
    Served served = new Served(call, answer);
    try {
      head = in.head(limits.client().idleMs(), limits.client().headMs());
    } catch (BadMessageException e) {
      served.refuse(
          Refusal.of(e.kind() == TOO_LARGE ? 431 : 400, String.valueOf(e.getMessage())).closing());
      return false;
    }
    if (head == null) {
      return false;
    }
    return serve(head, served);
  }

  private boolean serve(byte[] head, Served served) throws IOException {
    try {
      RequestHead request = RequestHead.of(parse(head));
      served.keepAlive = request.keepAlive();
      try (Body body = body(request, served)) {
        if (in.buffered() > 0) {
          throw Refusal.of(400, "more was sent behind the request before its answer").closing();
        }
        ModelRequest model = RequestScan.scan(body, request.endpoint(), request.betas());
        relay(new Relay.Exchange(served.call, request, model, body, served.answer));
      }
      served.log("answered");
    } catch (Refusal refusal) {
      served.refuse(refusal);
    } catch (IOException e) {
      Closing.Reason cut = served.call.cutReason();
      served.log("cut " + (cut == null ? e.getClass().getSimpleName() : cut.word()));
      throw e;
    }
    return served.keepAlive && !served.call.sentEarly();
  }

  private Head parse(byte[] head) throws Refusal {
    try {
      return Head.parse(head, limits.sizes().requestHeaders());
    } catch (BadMessageException e) {
      throw Refusal.of(e.kind() == TOO_LARGE ? 431 : 400, String.valueOf(e.getMessage())).closing();
    }
  }

  private Body body(RequestHead request, Served served) throws IOException, Refusal {
    int max = limits.sizes().bodyBytes();
    if (request.framing() instanceof Framing.Length(long bytes) && bytes > max) {
      throw Refusal.of(413, Body.tooLarge(max)).closing();
    }
    try {
      Body body = Body.read(new BodyInput(in, request.framing()), memory, max, limits.client());
      served.bytesIn = body.length();
      return body;
    } catch (BadMessageException e) {
      throw Refusal.of(400, String.valueOf(e.getMessage())).closing();
    }
  }

  /** While the call is on its way, a read waits for the client to leave. */
  private void relay(Relay.Exchange exchange) throws Refusal, IOException {
    Call call = exchange.call();
    in.expect(ReadAhead.start(wire, call::clientSent));
    Watchdog.Guard longest = watchdog.guard(() -> call.cut(Closing.Reason.TIMED_OUT));
    longest.arm(limits.upstream().callMs());
    try {
      relay.run(exchange);
    } finally {
      longest.disarm();
    }
  }

  /** What is known of the request that is served now, for its refusal and its line in the log. */
  private final class Served {
    private final Call call;
    private final ClientAnswer answer;
    private boolean keepAlive;
    private long bytesIn;

    Served(Call call, ClientAnswer answer) {
      this.call = call;
      this.answer = answer;
    }

    void log(String end) {
      log.call(call.id(), answer.status(), call.elapsedMs(), bytesIn, answer.bytes(), end);
    }

    void refuse(Refusal refusal) throws IOException {
      keepAlive &= !refusal.closes();
      call.markAnswered();
      answer.refuse(refusal, call.id(), keepAlive);
      log("refused");
      if (!keepAlive) {
        drain();
      }
    }
  }

  /**
   * Reads on for a moment after the last answer: a socket that is closed with unread input resets
   * the connection, and the client would lose the answer.
   */
  private void drain() {
    byte[] sink = new byte[8192];
    long dueNanos = System.nanoTime() + DRAIN_MS * 1_000_000;
    try {
      wire.endOutput();
      int drained = 0;
      long leftMs = DRAIN_MS;
      while (drained < DRAIN_BYTES && leftMs > 0) {
        drained += in.read(sink, 0, sink.length, leftMs);
        leftMs = (dueNanos - System.nanoTime()) / 1_000_000;
      }
    } catch (IOException e) {
      // The client has closed too, which is what was waited for.
    }
  }
}
