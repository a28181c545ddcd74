package dev.helm.keyproxy;

import dev.helm.keyproxy.RequestHead.Endpoint;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One call from its reservation to its end. The order is the safeguard: a grant before the first
 * byte goes out, the ledger's acknowledgement before the last byte of the answer goes back, and no
 * byte is ever sent twice.
 */
final class Relay {
  private static final int PIECE_BYTES = 16 * 1024;

  private final LedgerClient ledger;
  private final Upstream upstream;
  private final ModelKey key;
  private final Limits limits;

  Relay(LedgerClient ledger, Upstream upstream, ModelKey key, Limits limits) {
    this.ledger = ledger;
    this.upstream = upstream;
    this.key = key;
    this.limits = limits;
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
    return new ModelRequest(request.model(), 0, false, List.of(), List.of());
  }

  private static Refusal refusal(Reservation.Answer.Refused refused) {
    int status =
        switch (refused.status()) {
          case 400, 401, 402 -> refused.status();
          default -> 503;
        };
    return Refusal.byLedger(
        status, refused.message() + " (" + refused.code() + ")", refused.affordableTokens());
  }

  private UpstreamConnection connect(Call call, Settlement settlement)
      throws Refusal, ClientGoneException {
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
      throw new ClientGoneException("the client left before the call was made");
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
    ByteSink out = new ByteSink(4096 + Math.min(exchange.body().length(), 64 * 1024));
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
    ClientAnswer answer = exchange.answer();
    UsageScan scan = scanFor(exchange, head);
    answer.head(head, exchange.head().keepAlive());
    byte[] buffer = ClientAnswer.pieceBuffer(PIECE_BYTES);
    int offset = ClientAnswer.pieceOffset();
    int count = in.read(buffer, offset, PIECE_BYTES, limits.upstream().idleMs());
    while (count >= 0) {
      scan.take(buffer, offset, count);
      settleIfSeen(scan, in.ended(), settlement);
      if (in.ended()) {
        close(exchange, settlement);
      }
      answer.piece(buffer, count, in.isChunked());
      count = in.read(buffer, offset, PIECE_BYTES, limits.upstream().idleMs());
    }
    if (in.isChunked()) {
      settleIfSeen(scan, true, settlement);
      close(exchange, settlement);
      answer.lastChunk();
    } else if (answer.bytes() == 0) {
      close(exchange, settlement);
    }
  }

  private UsageScan scanFor(Exchange exchange, ResponseHead head) {
    if (exchange.head().endpoint() == Endpoint.COUNT_TOKENS) {
      return new UsageScan.Unmetered();
    }
    return head.isEvents()
        ? new UsageScan.OfEvents()
        : new UsageScan.OfJson(limits.sizes().jsonAnswerBytes());
  }

  private static void settleIfSeen(UsageScan scan, boolean ended, Settlement settlement) {
    if (!settlement.isEnded()) {
      UsageScan.@Nullable Seen seen = scan.seen(ended);
      if (seen != null) {
        settlement.settle(seen.usage(), seen.messageId());
      }
    }
  }

  /** Before the last byte of a complete answer: the ledger knows what it cost. */
  private static void close(Exchange exchange, Settlement settlement) {
    settlement.charge(Closing.Reason.NO_USAGE);
    settlement.await();
    exchange.call().markAnswered();
  }

  /** An error that came whole is not billed; it is held until then, and passed on as it is. */
  private void error(Exchange exchange, ResponseHead head, BodyInput in, Settlement settlement)
      throws IOException {
    ByteSink text = new ByteSink(1024);
    byte[] buffer = new byte[4096];
    int count = in.read(buffer, 0, buffer.length, limits.upstream().idleMs());
    while (count >= 0) {
      text.add(buffer, 0, count);
      if (text.length() > limits.sizes().errorBodyBytes()) {
        throw BadMessageException.tooLarge("the upstream's error is too large");
      }
      count = in.read(buffer, 0, buffer.length, limits.upstream().idleMs());
    }
    if (key.isIn(text.toBytes())) {
      throw new BadMessageException("the upstream's error holds the model key");
    }
    settlement.settle(Usage.NONE, null);
    settlement.await();
    exchange.call().markAnswered();
    exchange.answer().whole(head, text, exchange.head().keepAlive());
  }

  private static Closing.Reason reason(Call call, IOException e) {
    Closing.Reason cut = call.cutReason();
    if (cut != null) {
      return cut;
    }
    return switch (e) {
      case ClientGoneException gone -> Closing.Reason.CLIENT_GONE;
      case WireTimeoutException late -> Closing.Reason.TIMED_OUT;
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
