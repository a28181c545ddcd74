package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Finds out what a broken line means: a blink, a dead container, or a dead engine. */
final class SlotWatch {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long SILENCE_MS = 30_000;
  private static final System.Logger LOG = System.getLogger(SlotWatch.class.getName());

  private final Engine engine;
  private volatile boolean closed;

  SlotWatch(Engine engine) {
    this.engine = engine;
  }

  void close() {
    closed = true;
  }

  HostEvents of(LiveSlot live) {
    RefusalLog refusals =
        new RefusalLog(
            live.id(), line -> LOG.log(System.Logger.Level.WARNING, line), System::nanoTime);
    return new HostEvents() {
      @Override
      public void connected() {}

      @Override
      public void disconnected() {
        watch(live);
      }

      @Override
      public void refused(String why) {
        refusals.refused(why);
      }

      @Override
      public void misbehaved(String why) {
        Thread.ofVirtual().start(() -> destroy(live, why));
      }
    };
  }

  /** Looks after a slot whose line is down, until the line is whole again or the slot is lost. */
  void watch(LiveSlot live) {
    if (!closed && live.lost() == null && live.beginWatch()) {
      Thread.ofVirtual().name("watch-" + live.id()).start(() -> follow(live));
    }
  }

  private void follow(LiveSlot live) {
    long since = System.nanoTime();
    try {
      while (!closed && live.lost() == null && !live.host().awaitConnected(POLL)) {
        boolean silent = (System.nanoTime() - since) / 1_000_000 > SILENCE_MS;
        try {
          String dead = whyDead(live.kept());
          if (dead != null) {
            live.lose(new SandboxLost(dead));
          } else if (silent) {
            destroy(live, "its executor stayed silent");
          }
        } catch (EngineUnavailable e) {
          engine.renegotiate();
          if (silent) {
            live.host().failAttempts(e);
          }
        } catch (RuntimeException e) {
          LOG.log(System.Logger.Level.WARNING, "slot " + live.id() + " cannot be looked at", e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      live.endWatch();
    }
  }

  /** Why the one life of this container is over, or null while it goes on. */
  @Nullable String whyDead(SlotRecord kept) {
    JsonNode inspect = engine.inspect(kept.containerId());
    if (inspect == null) {
      return "the container was removed";
    }
    JsonNode state = inspect.path("State");
    if (!state.path("Running").asBoolean()) {
      return "the container ended with exit code "
          + state.path("ExitCode").asText("unknown")
          + (state.path("OOMKilled").asBoolean() ? " (out of memory)" : "");
    }
    // A slot in the making has no start time yet.
    if (!kept.startedAt().isEmpty() && !kept.startedAt().equals(state.path("StartedAt").asText())) {
      return "the container was started anew";
    }
    return null;
  }

  private void destroy(LiveSlot live, String why) {
    try {
      engine.remove(live.kept().containerId());
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "container of slot " + live.id() + " stays for now", e);
      return;
    }
    live.lose(new SandboxLost("the container was removed because " + why));
  }
}
