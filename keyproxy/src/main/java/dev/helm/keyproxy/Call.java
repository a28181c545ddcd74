package dev.helm.keyproxy;

import java.security.SecureRandom;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** One request on its way. Any thread may cut it, which closes its upstream connection at once. */
final class Call {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final String id = newId();
  private final long startNanos = System.nanoTime();
  private Closing.@Nullable Reason cut;
  private @Nullable Wire upstream;
  private volatile boolean answered;
  private volatile boolean early;

  /** 32 random hexadecimal digits. */
  static String newId() {
    byte[] bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  String id() {
    return id;
  }

  long elapsedMs() {
    return (System.nanoTime() - startNanos) / 1_000_000;
  }

  /** The connection to close when the call is cut; closed here if it has been cut already. */
  synchronized void attach(Wire wire) {
    upstream = wire;
    if (cut != null) {
      wire.close();
    }
  }

  /** Lets go of the connection, so that a late cut cannot hit its next call; false after a cut. */
  synchronized boolean detach() {
    upstream = null;
    return cut == null;
  }

  /** The first reason stays. */
  synchronized void cut(Closing.Reason reason) {
    if (cut == null) {
      cut = reason;
      if (upstream != null) {
        upstream.close();
      }
    }
  }

  synchronized Closing.@Nullable Reason cutReason() {
    return cut;
  }

  /** The client's answer ends now: what it sends from here on is its next request. */
  void markAnswered() {
    answered = true;
  }

  /**
   * Told what the client sends while its answer is on the way: -1 is the end, and cuts the call.
   * Says whether the bytes are kept for the next request.
   */
  boolean clientSent(int count) {
    if (count < 0) {
      if (!answered) {
        cut(Closing.Reason.CLIENT_GONE);
      }
      return true;
    }
    early |= !answered;
    return !early;
  }

  /** The client sent more before its answer ended; its connection ends with the answer. */
  boolean sentEarly() {
    return early;
  }
}
