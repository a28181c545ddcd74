package dev.helm.cli.http;

import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How a request gets to the service and its answer back: with the session's token, a key that stays
 * the same over retries, and patience for a restart.
 */
final class Calls {
  private static final int PAUSE_MS = 200;
  private static final int PAUSE_MS_MAX = 2_000;

  private final Transport transport;
  private final Session session;
  private final long retryForMs;

  /** With how long, in milliseconds, each request is tried. */
  Calls(Transport transport, Session session, long retryForMs) {
    this.transport = transport;
    this.session = session;
    this.retryForMs = retryForMs;
  }

  /** The same session, with another patience. */
  Calls patient(long forMs) {
    return new Calls(transport, session, forMs);
  }

  Session session() {
    return session;
  }

  Transport transport() {
    return transport;
  }

  /** An answer that is no problem. */
  Reply get(String path) {
    return good(call("GET", path, "", null));
  }

  /** As {@link #get}, with a body. */
  Reply post(String path, Map<String, Object> body) {
    return good(call("POST", path, "application/json", bytes(body)));
  }

  /** As {@link #post}. */
  Reply put(String path, Map<String, Object> body) {
    return good(call("PUT", path, "application/json", bytes(body)));
  }

  /** As {@link #post}. */
  Reply patch(String path, Map<String, Object> body) {
    return good(call("PATCH", path, "application/json", bytes(body)));
  }

  /** As {@link #get}. */
  Reply delete(String path) {
    return good(call("DELETE", path, "", null));
  }

  /** As {@link #post}, but the reply may be any status. */
  Reply ask(String path, Map<String, Object> body) {
    return call("POST", path, "application/json", bytes(body));
  }

  /**
   * Writes an answer's bytes to a stream.
   *
   * @throws IOException when they did not come whole
   */
  void download(String path, String accept, OutputStream out) throws IOException {
    while (true) {
      String authorization = session.authorization();
      Reply refused =
          transport.download(path, Map.of("Authorization", authorization, "Accept", accept), out);
      if (refused == null) {
        return;
      }
      if (refused.status() != 401 || !session.refused(authorization)) {
        throw Problems.of(refused);
      }
    }
  }

  private static Reply good(Reply reply) {
    if (reply.status() >= 400) {
      throw Problems.of(reply);
    }
    return reply;
  }

  private static byte[] bytes(Map<String, Object> body) {
    return Json.write(body).getBytes(StandardCharsets.UTF_8);
  }

  /** The reply, of any status. */
  Reply call(String method, String path, String mediaType, byte @Nullable [] body) {
    // Random numbers are slow to get at first, and a question needs none.
    String key = body == null ? "" : UUID.randomUUID().toString();
    long deadline = System.nanoTime() + retryForMs * 1_000_000;
    for (int attempt = 0; ; attempt++) {
      try {
        Reply reply = authorized(method, path, mediaType, body, key);
        boolean worthAnother =
            reply.status() == 502 || reply.status() == 503 || reply.status() == 504;
        if (!worthAnother || !pause(attempt, deadline)) {
          return reply;
        }
      } catch (IOException e) {
        // Refused means nobody is there; anything else means the answer was lost on its way.
        long until =
            e instanceof ConnectException ? deadline : Math.max(deadline, minimum(attempt));
        if (!pause(attempt, until)) {
          throw transport.unreachable(e);
        }
      }
    }
  }

  /** A lost answer is asked for again twice even by an impatient client: its key makes it safe. */
  private static long minimum(int attempt) {
    return attempt < 2 ? System.nanoTime() + PAUSE_MS_MAX * 1_000_000L : 0;
  }

  private Reply authorized(
      String method, String path, String mediaType, byte @Nullable [] body, String key)
      throws IOException {
    while (true) {
      String authorization = session.authorization();
      Map<String, String> headers = new LinkedHashMap<>();
      headers.put("Authorization", authorization);
      headers.put("Accept", "application/json, application/problem+json");
      if (body != null) {
        headers.put("Content-Type", mediaType);
        headers.put("Idempotency-Key", key);
      }
      Reply reply = transport.send(method, path, headers, body);
      if (reply.status() != 401 || !session.refused(authorization)) {
        return reply;
      }
    }
  }

  private static boolean pause(int attempt, long deadlineNanos) {
    long ms = Math.min(PAUSE_MS_MAX, (long) PAUSE_MS << Math.min(attempt, 6));
    if (System.nanoTime() + ms * 1_000_000 > deadlineNanos) {
      return false;
    }
    try {
      Thread.sleep(ms);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.FAILED, "Interrupted.", "", "", e);
    }
  }
}
