package dev.helm.keyproxy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The open reservation of one call. It ends once: what was said first stays. */
final class Settlement {
  private final LedgerClient ledger;
  private final String id;
  private final long ackMs;
  private @Nullable CompletableFuture<Boolean> acknowledged;

  Settlement(LedgerClient ledger, String id, long ackMs) {
    this.ledger = ledger;
    this.id = id;
    this.ackMs = ackMs;
  }

  void settle(Usage usage, @Nullable String messageId) {
    end(new Closing.Settle(id, usage, messageId));
  }

  void charge(Closing.Reason reason) {
    end(new Closing.Charge(id, reason));
  }

  /** Only if no byte was written upstream. */
  void release() {
    end(new Closing.Void(id));
  }

  private void end(Closing closing) {
    if (acknowledged == null) {
      acknowledged = ledger.close(closing);
    }
  }

  boolean isEnded() {
    return acknowledged != null;
  }

  /** Waits a while for the ledger; the closing is repeated later if it does not answer now. */
  void await() {
    CompletableFuture<Boolean> waiting = acknowledged;
    if (waiting == null) {
      throw new IllegalStateException("the reservation has not been ended");
    }
    try {
      waiting.get(ackMs, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      // The money is safe: the closing stays with the ledger client until it is acknowledged.
    } catch (ExecutionException e) {
      throw new IllegalStateException("an acknowledgement failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
