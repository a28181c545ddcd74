package dev.helm.keyproxy;

import static dev.helm.keyproxy.BadMessageException.Kind.HOLDS_KEY;

import dev.helm.keyproxy.RequestHead.Endpoint;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One call from its reservation to its end. The order is the safeguard: a grant before the first
 * byte goes out, the ledger's acknowledgement before the last byte of the answer goes back, and no
 * byte is ever sent twice.
 */
final class Relay {
  private final LedgerClient ledger;
  private final Upstream upstream;
  private final ModelKey key;
  private final BodyMemory memory;
  private final Limits limits;
  private final CallLog log;

  Relay(
      LedgerClient ledger,
      Upstream upstream,
      ModelKey key,
      BodyMemory memory,
      Limits limits,
      CallLog log) {
    this.ledger = ledger;
    this.upstream = upstream;
    this.key = key;
    this.memory = memory;
    this.limits = limits;
    this.log = log;
  }

  /** A request that passed all checks, and where its answer goes. */
  record Exchange(
      Call call, RequestHead head, ModelRequest request, Body body, ClientAnswer answer) {}

  /**
   * Carries the call through.
   *
   * @throws Refusal if the client is to get an answer of the proxy's own
   * @throws IOException if the answer was begun and cannot be finished: the client is cut off
   */
  void run(Exchange exchange) throws Refusal, IOException {
    Call call = exchange.call();
    Settlement settlement = reserve(exchange);
    UpstreamConnection connection = connect(call, settlement);
    boolean whole = false;
    try {
      whole = forward(exchange, connection, settlement);
    } catch (IOException e) {
      Closing.Reason reason = reason(call, e);
      if (e instanceof BadMessageException bad && bad.kind() == HOLDS_KEY) {
        log.note("ALARM: call " + call.id() + " was cut, because " + e.getMessage());
      }
      settlement.charge(reason);
      settlement.await();
      if (exchange.answer().started() || reason == Closing.Reason.CLIENT_GONE) {
        throw e;
      }
      throw badGateway(reason, e);
    } finally {
      // An error that nobody foresaw must not leave the money open either.
      if (!settlement.isEnded()) {
        settlement.charge(Closing.Reason.CUT);
      }
      if (call.detach() && whole) {
        upstream.give(connection);
      } else {
        connection.close();
      }
    }
  }

  private Settlement reserve(Exchange exchange) throws Refusal, IOException {
    Call call = exchange.call();
    RequestHead head = exchange.head();
    boolean metered = head.endpoint() == Endpoint.MESSAGES;
    ModelRequest request = metered ? exchange.request() : unmetered(exchange.request());
    // The ledger takes no empty body; a byte stands for it.
    int bodyBytes = metered ? exchange.body().length() : 1;
    Reservation.Answer answer;
    try {
      answer =
          ledger.reserve(new Reservation(call.id(), head.token(), head.call(), request, bodyBytes));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    switch (answer) {
      case Reservation.Answer.Granted granted -> {}
      case Reservation.Answer.Refused refused -> throw refusal(refused);
      case Reservation.Answer.Lost(String why) ->
          throw Refusal.of(503, "the call was not made, because " + why + "; try again");
    }
    Settlement settlement = new Settlement(ledger, call.id(), limits.ledger().ackMs());
    if (!metered) {
      settlement.release();
    }
    return settlement;
  }

  /** Counting tokens costs nothing; its reservation only proves the run's token. */
  private static ModelRequest unmetered(ModelRequest request) {
    return new ModelRequest(request.model(), 0, List.of(), List.of());
  }

  private static Refusal refusal(Reservation.Answer.Refused refused) {
    int status =
        switch (refused.status()) {
          case 400, 401, 402 -> refused.status();
          default -> 503;
        };
    return Refusal.byLedger(status, refused);
  }

  private UpstreamConnection connect(Call call, Settlement settlement)
      throws Refusal, ClientAnswer.GoneException {
    UpstreamConnection connection = null;
    String why = "";
    try {
      connection = upstream.take(call);
    } catch (IOException e) {
      why = e.getClass().getSimpleName();
    }
    if (connection != null && call.cutReason() == null) {
      return connection;
    }
    if (connection != null) {
      connection.close();
    }
    settlement.release();
    settlement.await();
    if (call.cutReason() != null) {
      throw new ClientAnswer.GoneException("the client left before the call was made");
    }
    throw Refusal.of(502, "the model's host cannot be reached (" + why + "); nothing was charged");
  }

  /** Gives true if the connection was left as clean as it was found. */
  private boolean forward(Exchange exchange, UpstreamConnection connection, Settlement settlement)
      throws IOException {
    Body body = exchange.body();
    connection.send(requestHead(exchange), body);
    body.close();
    ResponseHead head = connection.head(key);
    BodyInput in = new BodyInput(connection.input(), head.framing());
    if (head.status() == 200) {
      stream(exchange, head, in, settlement);
    } else {
      error(exchange, head, in, settlement);
    }
    return head.keepAlive() && connection.input().buffered() == 0;
  }

  private ByteSink requestHead(Exchange exchange) {
    RequestHead head = exchange.head();
    ByteSink out = new ByteSink(4096);
    out.add("POST " + head.target() + " HTTP/1.1\r\nhost: " + upstream.address().hostHeader());
    out.add("\r\nx-api-key: ");
    key.writeTo(out);
    out.add("\r\ncontent-type: application/json\r\naccept-encoding: identity\r\n");
    for (Head.Header header : head.forwarded()) {
      out.add(header.name() + ": " + header.value() + "\r\n");
    }
    return out.add("content-length: " + exchange.body().length() + "\r\n\r\n");
  }

  private void stream(Exchange exchange, ResponseHead head, BodyInput in, Settlement settlement)
      throws IOException {
    exchange.answer().head(head, exchange.head().keepAlive());
    try (UsageScan scan = scanFor(exchange, head)) {
      pieces(exchange, in, scan, settlement);
      if (in.isChunked()) {
        exchange.answer().lastChunk();
      }
    }
  }

  /**
   * Each piece goes on as it comes, but for what may be the beginning of the key. Before the last
   * byte of a complete answer the ledger knows what it cost.
   */
  private void pieces(Exchange exchange, BodyInput in, UsageScan scan, Settlement settlement)
      throws IOException {
    KeyScan echo = key.scan();
    byte[] buffer = exchange.answer().pieceBuffer();
    int offset = ClientAnswer.pieceOffset();
    int held = 0;
    do {
      int count =
          in.read(
              buffer, offset + held, ClientAnswer.PIECE_BYTES - held, limits.upstream().idleMs());
      int all = held + Math.max(count, 0);
      scan.take(buffer, offset + held, all - held);
      refuseKey(echo, buffer, offset + held, all - held);
      settleIfSeen(scan, in.ended(), settlement);
      if (in.ended()) {
        settlement.charge(Closing.Reason.NO_USAGE);
        settlement.await();
        exchange.call().markAnswered();
      }
      held = in.ended() ? 0 : Math.min(all, echo.pending());
      byte[] kept = Arrays.copyOfRange(buffer, offset + all - held, offset + all);
      exchange.answer().piece(buffer, all - held, in.isChunked());
      System.arraycopy(kept, 0, buffer, offset, held);
    } while (!in.ended());
  }

  private static void refuseKey(KeyScan echo, byte[] bytes, int offset, int count)
      throws BadMessageException {
    if (echo.take(bytes, offset, count)) {
      throw new BadMessageException(HOLDS_KEY, "the upstream's answer holds the model key");
    }
  }

  private UsageScan scanFor(Exchange exchange, ResponseHead head) {
    if (exchange.head().endpoint() == Endpoint.COUNT_TOKENS) {
      return new UsageScan.Unmetered();
    }
    return head.isEvents()
        ? new SseScan()
        : new UsageScan.OfJson(new Body(memory), limits.sizes().jsonAnswerBytes());
  }

  private static void settleIfSeen(UsageScan scan, boolean ended, Settlement settlement) {
    if (!settlement.isEnded()) {
      UsageScan.@Nullable Seen seen = scan.seen(ended);
      if (seen != null) {
        settlement.settle(seen.usage(), seen.messageId());
      }
    }
  }

  /** An error that came whole is not billed; it is held until then, and passed on as it is. */
  private void error(Exchange exchange, ResponseHead head, BodyInput in, Settlement settlement)
      throws IOException {
    KeyScan echo = key.scan();
    byte[] buffer = new byte[4096];
    try (Body text = new Body(memory)) {
      int count = in.read(buffer, 0, buffer.length, limits.upstream().idleMs());
      while (count >= 0) {
        refuseKey(echo, buffer, 0, count);
        if (!text.add(buffer, 0, count, limits.sizes().errorBodyBytes())) {
          throw new BadMessageException("the upstream's error is too large");
        }
        count = in.read(buffer, 0, buffer.length, limits.upstream().idleMs());
      }
      settlement.settle(Usage.NONE, null);
      settlement.await();
      exchange.call().markAnswered();
      exchange.answer().whole(head, text, exchange.head().keepAlive());
    }
  }

  private static Closing.Reason reason(Call call, IOException e) {
    Closing.Reason cut = call.cutReason();
    if (cut != null) {
      return cut;
    }
    return switch (e) {
      case ClientAnswer.GoneException gone -> Closing.Reason.CLIENT_GONE;
      case Wire.LateException late -> Closing.Reason.TIMED_OUT;
      case BadMessageException bad -> Closing.Reason.NO_USAGE;
      default -> Closing.Reason.CUT;
    };
  }

  private static Refusal badGateway(Closing.Reason reason, IOException e) {
    return switch (reason) {
      case TIMED_OUT ->
          Refusal.of(504, "the model did not answer in time; the call is charged in full");
      case NO_USAGE -> Refusal.of(502, e.getMessage() + "; the call is charged in full");
      case CUT, CLIENT_GONE ->
          Refusal.of(502, "the model's host ended the connection; the call is charged in full");
    };
  }
}
