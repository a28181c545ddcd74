package dev.helm.keyproxy;

import dev.helm.keyproxy.Reservation.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The proxy's side of the ledger protocol. It dials again for ever, and keeps each closing until
 * the ledger has acknowledged it: only a grant that was received opens a call, and only an
 * acknowledgement ends one.
 */
final class LedgerClient implements AutoCloseable {
  private static final int MAX_OPEN_CLOSINGS = 10_000;
  private static final long FIRST_BACKOFF_MS = 20;
  private static final long LAST_BACKOFF_MS = 1_000;

  private final Path socket;
  private final String boot;
  private final String secret;
  private final Watchdog watchdog;
  private final Limits.LedgerTimes times;
  private final CallLog log;
  private final Map<String, CompletableFuture<Answer>> reserving = new ConcurrentHashMap<>();
  private final Map<String, Open> closings = new ConcurrentHashMap<>();
  private volatile CompletableFuture<LedgerConnection> current = new CompletableFuture<>();
  private volatile boolean closed;

  /** A closing that the ledger has not acknowledged. */
  private static final class Open {
    private final Closing closing;
    private final byte[] line;
    private final CompletableFuture<Boolean> acknowledged;
    private volatile long sentNanos = System.nanoTime();

    Open(Closing closing, CompletableFuture<Boolean> acknowledged) {
      this.closing = closing;
      this.line = LedgerLines.closing(closing);
      this.acknowledged = acknowledged;
    }
  }

  LedgerClient(
      Path socket,
      String boot,
      String secret,
      Watchdog watchdog,
      Limits.LedgerTimes times,
      CallLog log) {
    this.socket = socket;
    this.boot = boot;
    this.secret = secret;
    this.watchdog = watchdog;
    this.times = times;
    this.log = log;
  }

  void start() {
    Thread.ofVirtual().name("ledger").start(this::dialForEver);
    Thread.ofVirtual().name("ledger-resend").start(this::resendForEver);
  }

  /** Waits until the ledger took the hello; false when the time is over. */
  boolean awaitHello(long timeoutMs) throws InterruptedException {
    return connection(timeoutMs) != null;
  }

  /** Asks for a reservation. An answer that does not come in time is voided and counts as no. */
  Answer reserve(Reservation reservation) throws InterruptedException {
    if (closings.size() >= MAX_OPEN_CLOSINGS) {
      return new Answer.Lost("too many ended calls wait for the ledger");
    }
    long dueNanos = System.nanoTime() + times.reserveMs() * 1_000_000;
    LedgerConnection connection = connection(times.reserveMs());
    if (connection == null) {
      return new Answer.Lost("the ledger is not there");
    }
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    reserving.put(reservation.id(), answer);
    Answer got = new Answer.Lost("the ledger did not answer in time");
    try {
      connection.send(LedgerLines.reserve(reservation));
      // The connection may have ended between the look and the send: its end is told to those
      // who were waiting then, so that later ones look once more.
      if (currentOrNull() == connection) {
        got = answer.get(dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    } catch (IOException | TimeoutException e) {
      got = new Answer.Lost("the ledger did not answer: " + e.getClass().getSimpleName());
    } catch (ExecutionException e) {
      throw new IllegalStateException("a reservation failed without an answer", e);
    } finally {
      reserving.remove(reservation.id());
      if (got instanceof Answer.Lost) {
        close(new Closing.Void(reservation.id()));
      }
    }
    return got;
  }

  /** Ends a reservation; the future is done when the ledger has acknowledged it. */
  CompletableFuture<Boolean> close(Closing closing) {
    CompletableFuture<Boolean> acknowledged = new CompletableFuture<>();
    open(new Open(closing, acknowledged));
    return acknowledged;
  }

  private void open(Open open) {
    closings.put(open.closing.id(), open);
    LedgerConnection connection = currentOrNull();
    if (connection != null) {
      sendQuietly(connection, open);
    }
  }

  /** How many closings wait for their acknowledgement. */
  int openClosings() {
    return closings.size();
  }

  private void sendQuietly(LedgerConnection connection, Open open) {
    try {
      open.sentNanos = System.nanoTime();
      connection.send(open.line);
    } catch (IOException e) {
      // The connection is closed by now; the closing goes out again over the next one.
    }
  }

  private @Nullable LedgerConnection connection(long timeoutMs) throws InterruptedException {
    try {
      return current.get(timeoutMs, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return null;
    }
  }

  private @Nullable LedgerConnection currentOrNull() {
    return current.getNow(null);
  }

  private void dialForEver() {
    long backoffMs = FIRST_BACKOFF_MS;
    String told = "";
    while (!closed) {
      String why = "";
      try (LedgerConnection connection =
          LedgerConnection.open(socket, watchdog, times.reserveMs())) {
        greet(connection);
        log.note("ledger connected");
        backoffMs = FIRST_BACKOFF_MS;
        told = "";
        while (true) {
          take(connection.read());
        }
      } catch (IOException | RuntimeException e) {
        why = String.valueOf(e.getMessage());
      } finally {
        lost();
      }
      if (!closed && !why.equals(told)) {
        log.note("no ledger (" + why + "); trying again until it is there");
        told = why;
      }
      backoffMs = pause(backoffMs);
    }
  }

  private static long pause(long backoffMs) {
    try {
      TimeUnit.MILLISECONDS.sleep(
          backoffMs / 2 + ThreadLocalRandom.current().nextLong(backoffMs / 2 + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Math.min(backoffMs * 2, LAST_BACKOFF_MS);
  }

  private void greet(LedgerConnection connection) throws IOException {
    connection.send(LedgerLines.hello(boot, secret));
    LedgerLines.Answer answer = connection.read(times.helloMs());
    if (!"hello".equals(answer.op()) || !answer.ok()) {
      throw new IOException("the ledger refused the hello: " + answer.code());
    }
    current.complete(connection);
    closings.values().forEach(open -> sendQuietly(connection, open));
  }

  private void lost() {
    if (current.isDone()) {
      current = new CompletableFuture<>();
    }
    reserving.values().forEach(one -> one.complete(new Answer.Lost("the ledger went away")));
  }

  /**
   * An answer names its id only. What a reservation waits for is its answer; a grant that nobody
   * waits for came late, and acknowledges nothing.
   */
  private void take(LedgerLines.Answer answer) {
    String id = answer.id();
    if (id == null) {
      return;
    }
    CompletableFuture<Answer> reservation = reserving.get(id);
    if (reservation != null) {
      reservation.complete(answerOf(answer));
    } else if (answer.run() == null) {
      acknowledge(id, answer);
    }
  }

  /**
   * A ledger that cannot now (5xx, or no reason) is asked again. One that says never (4xx) is not:
   * it holds nothing under this id, or the next boot's hello charges what it holds. A usage that it
   * never takes is charged in full instead: what was held was spent, and more is not known.
   */
  private void acknowledge(String id, LedgerLines.Answer answer) {
    Integer status = answer.status();
    boolean never = status != null && status < 500;
    if (!answer.ok()) {
      log.note("the ledger did not take the end of " + id + " (" + answer.code() + ")");
    }
    Open open = answer.ok() || never ? closings.remove(id) : null;
    if (open != null && never && open.closing instanceof Closing.Settle) {
      open(new Open(new Closing.Charge(id, Closing.Reason.NO_USAGE), open.acknowledged));
    } else if (open != null) {
      open.acknowledged.complete(answer.ok());
    }
  }

  private static Answer answerOf(LedgerLines.Answer answer) {
    if (answer.ok()) {
      return new Answer.Granted(String.valueOf(answer.run()));
    }
    Integer status = answer.status();
    return new Answer.Refused(
        status == null ? 503 : status,
        String.valueOf(answer.code()),
        String.valueOf(answer.message()),
        answer.affordableTokens(),
        answer.budget());
  }

  private void resendForEver() {
    while (!closed) {
      pause(times.resendMs());
      LedgerConnection connection = currentOrNull();
      long before = System.nanoTime() - times.resendMs() * 1_000_000;
      for (Open open : closings.values()) {
        if (connection != null && open.sentNanos - before < 0) {
          sendQuietly(connection, open);
        }
      }
    }
  }

  /** Stops dialling; closings that are not acknowledged yet are left to the next boot's hello. */
  @Override
  public void close() {
    closed = true;
    LedgerConnection connection = currentOrNull();
    if (connection != null) {
      connection.close();
    }
  }
}
