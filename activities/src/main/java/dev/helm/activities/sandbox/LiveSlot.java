package dev.helm.activities.sandbox;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A slot whose container lived when this process last looked. */
final class LiveSlot {
  private final List<AutoCloseable> doors = new ArrayList<>();
  private final AtomicBoolean watched = new AtomicBoolean();
  private final SandboxLimits limits;
  private volatile SlotRecord kept;
  private volatile @Nullable ExecutorHost host;
  private volatile @Nullable SandboxLost lost;
  private volatile long touchedNs = System.nanoTime();

  LiveSlot(SlotRecord kept, SandboxLimits limits) {
    this.kept = kept;
    this.limits = limits;
  }

  SlotRecord kept() {
    return kept;
  }

  void keep(SlotRecord next) {
    kept = next;
  }

  /** A run asked for it just now. */
  void touch() {
    touchedNs = System.nanoTime();
  }

  /** How long no run has asked for it. */
  long untouchedMs() {
    return (System.nanoTime() - touchedNs) / 1_000_000;
  }

  /** Whether a command is attended to. */
  boolean busy() {
    ExecutorHost opened = host;
    return opened != null && opened.attends();
  }

  SandboxLimits limits() {
    return limits;
  }

  String id() {
    return kept.slot();
  }

  Slot of(String run) {
    return new Slot(kept.slot(), run, kept.life());
  }

  void host(ExecutorHost opened) {
    host = opened;
  }

  ExecutorHost host() {
    ExecutorHost opened = host;
    if (opened == null) {
      throw new IllegalStateException("slot has no host yet");
    }
    return opened;
  }

  @Nullable SandboxLost lost() {
    return lost;
  }

  /** Ends every effect with this; the first reason stays. */
  void lose(SandboxLost why) {
    if (lost == null) {
      lost = why;
    }
    ExecutorHost opened = host;
    if (opened != null) {
      opened.end(why);
    }
  }

  /** True for the one who may watch a broken line until it is whole or lost. */
  boolean beginWatch() {
    return watched.compareAndSet(false, true);
  }

  void endWatch() {
    watched.set(false);
  }

  void add(AutoCloseable door) {
    doors.add(door);
  }

  /** Stops listening on the slot's sockets; the container is left alone. */
  void close() {
    ExecutorHost opened = host;
    if (opened != null) {
      opened.close();
    }
    for (AutoCloseable door : doors) {
      try {
        door.close();
      } catch (Exception e) {
        System.getLogger(LiveSlot.class.getName())
            .log(System.Logger.Level.WARNING, "a slot's door did not close", e);
      }
    }
  }
}
