package dev.helm.service.audit;

import dev.helm.activities.store.RunLog;
import dev.helm.api.rest.Bodies;
import dev.helm.service.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The parts of the audit together: key, checkpoints, exports, and the audit log. */
public final class Audit implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Audit.class);

  private final Store store;
  private final AuditKey key;
  private final Checkpointer checkpointer;
  private final Exports exports;
  private final AuditTrail trail;
  private final ScheduledExecutorService minutes =
      Executors.newSingleThreadScheduledExecutor(Thread.ofVirtual().name("audit-", 0).factory());

  private Audit(
      Store store, AuditKey key, Checkpointer checkpointer, Exports exports, AuditTrail trail) {
    this.store = store;
    this.key = key;
    this.checkpointer = checkpointer;
    this.exports = exports;
    this.trail = trail;
  }

  /**
   * Reads or makes the key, and listens to the log; call {@link #start} after.
   *
   * @throws IOException when the key cannot be read or made
   */
  public static Audit open(
      Path home,
      Store store,
      Clock clock,
      String version,
      Exports.Histories histories,
      Exports.Patch patch)
      throws IOException {
    boolean first = !Files.exists(home.resolve("keys").resolve("audit.key"));
    AuditKey key = AuditKey.of(home);
    if (first) {
      LOG.info("made the audit key; pin its fingerprint {}", key.id());
    }
    Path anchor = AuditConfig.read(home).anchor();
    AuditTrail trail = new AuditTrail(store.audit(), store.queries(), clock);
    Checkpointer checkpointer = new Checkpointer(store.checkpoints(), key, clock, anchor);
    store.onCommit(checkpointer);
    store.audit().onAppend(checkpointer::audited);
    Exports exports = new Exports(store, checkpointer, clock, version, histories, patch);
    return new Audit(store, key, checkpointer, exports, trail);
  }

  /** Begins to sign. */
  public void start() {
    checkpointer.start();
    minutes.scheduleAtFixedRate(this::minuteIsOver, 1, 1, TimeUnit.MINUTES);
  }

  private void minuteIsOver() {
    try {
      trail.over();
    } catch (RuntimeException e) {
      LOG.warn("refusals that were counted cannot be told: {}", e.getMessage());
    }
  }

  /** Exports. */
  public Exports exports() {
    return exports;
  }

  /** The audit log. */
  public AuditTrail trail() {
    return trail;
  }

  /** The store that it is about. */
  public Store store() {
    return store;
  }

  /** The key that signs today. */
  public AuditKey key() {
    return key;
  }

  /** How it is, with the key's fingerprint. */
  public Bodies.Component component() {
    String wrong = checkpointer.trouble();
    String detail = "signs with key " + key.id();
    return new Bodies.Component(
        "audit",
        wrong == null ? "healthy" : "degraded",
        wrong == null ? detail : wrong + "; " + detail);
  }

  @Override
  public void close() {
    minutes.close();
    try {
      trail.close();
    } catch (RunLog.LogUnavailableException e) {
      LOG.warn("refusals that were counted cannot be told: {}", e.getMessage());
    }
    checkpointer.close();
  }
}
