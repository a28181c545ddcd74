package dev.helm.service.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.helm.activities.store.RunLog;
import dev.helm.api.stream.ClientFrame;
import dev.helm.api.stream.Frame;
import dev.helm.service.audit.AuditTrail;
import dev.helm.service.auth.Caller;
import dev.helm.service.stream.StreamHub;
import dev.helm.service.stream.Subscriber;
import dev.helm.workflows.HelmJson;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.StatusCode;
import org.jspecify.annotations.Nullable;

/** One client's WebSocket, between Jetty and the hub. Jetty gives it one frame at a time. */
public final class StreamSocket implements Session.Listener.AutoDemanding, Subscriber {
  /** Frames that a client may send in one second. */
  static final int FRAMES_PER_SECOND_MAX = 100;

  /** How long last words may take. */
  private static final long FAREWELL_NANOS_MAX = 5_000_000_000L;

  /** How long after it was let in a socket may take to open. */
  static final long OPENING_NANOS_MAX = 10_000_000_000L;

  private final Caller caller;
  private final StreamHub hub;
  private final Consumer<StreamSocket> gone;
  private final AuditTrail trail;
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile @Nullable Session session;
  private volatile dev.helm.service.stream.@Nullable Session conversation;
  private final long admittedAt = System.nanoTime();
  private final StringBuilder text = new StringBuilder();
  private volatile long closingSince;
  private long second;
  private int framesInSecond;

  StreamSocket(Caller caller, StreamHub hub, Consumer<StreamSocket> gone, AuditTrail trail) {
    this.caller = caller;
    this.hub = hub;
    this.gone = gone;
    this.trail = trail;
  }

  Caller caller() {
    return caller;
  }

  @Override
  public void onWebSocketOpen(Session opened) {
    session = opened;
    if (closing.get()) {
      opened.disconnect();
      return;
    }
    conversation = hub.open(caller.access(), this);
  }

  @Override
  public void onWebSocketPartialText(String part, boolean last) {
    if (!counted()) {
      return;
    }
    text.append(part);
    if (text.length() > StreamDoor.FRAME_BYTES_MAX) {
      end("too_large", "a message has at most " + StreamDoor.FRAME_BYTES_MAX + " bytes");
      return;
    }
    dev.helm.service.stream.Session talk = conversation;
    if (last && talk != null) {
      looked(text.toString());
      talk.receive(text.toString());
      text.setLength(0);
    }
  }

  @Override
  public void onWebSocketPartialBinary(ByteBuffer payload, boolean last, Callback callback) {
    callback.succeed();
    end("bad_request", "frames are JSON text");
  }

  @Override
  public void onWebSocketPing(ByteBuffer payload) {
    Session open = session;
    if (counted() && open != null) {
      open.sendPong(payload, Callback.NOOP);
    }
  }

  @Override
  public void onWebSocketPong(ByteBuffer payload) {
    counted();
  }

  /** Who follows a run sees all of it; told once for each person, run and hour. */
  private void looked(String json) {
    try {
      ClientFrame frame = HelmJson.mapper().readValue(json, ClientFrame.class);
      if (frame != null && "subscribe".equals(frame.op()) && frame.run() != null) {
        trail.follows(caller, frame.run());
      }
    } catch (JsonProcessingException e) {
      // The hub tells the client.
    } catch (RunLog.LogUnavailableException e) {
      end("log_unavailable", "who looks cannot be recorded; connect again in a moment");
    }
  }

  /** Attack: pings, or fragments of nothing, without end. Every frame counts, of whatever kind. */
  private boolean counted() {
    if (tooFast()) {
      end("too_many_requests", "at most " + FRAMES_PER_SECOND_MAX + " frames a second");
    }
    return !closing.get();
  }

  @Override
  public void onWebSocketClose(int statusCode, String reason, Callback callback) {
    forget();
    callback.succeed();
  }

  @Override
  public void onWebSocketError(Throwable cause) {
    forget();
  }

  @Override
  public CompletableFuture<Void> send(String json) {
    Session open = session;
    if (open == null || closing.get()) {
      return CompletableFuture.failedFuture(new IllegalStateException("the socket is gone"));
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    open.sendText(
        json, Callback.from(() -> done.complete(null), error -> done.completeExceptionally(error)));
    return done;
  }

  @Override
  public void close(Frame.Error lastWords) {
    Session open = session;
    if (open == null || !closing.compareAndSet(false, true)) {
      return;
    }
    closingSince = System.nanoTime();
    Runnable close = () -> open.close(StatusCode.POLICY_VIOLATION, lastWords.code(), Callback.NOOP);
    open.sendText(
        HelmJson.mapper()
            .convertValue(lastWords, com.fasterxml.jackson.databind.JsonNode.class)
            .toString(),
        Callback.from(close, _ -> open.disconnect()));
  }

  /** Attack: a client that is put out does not read its last words, and so stays. */
  void disconnectIfDeaf() {
    Session open = session;
    long since = closingSince;
    if (open != null && since != 0 && System.nanoTime() - since > FAREWELL_NANOS_MAX) {
      open.disconnect();
    }
  }

  /** Attack: upgrades that fail after a place was given use up the places. */
  void forgetUnlessOpen(long now) {
    if (session == null
        && now - admittedAt > OPENING_NANOS_MAX
        && closing.compareAndSet(false, true)) {
      gone.accept(this);
      Session late = session;
      if (late != null) {
        late.disconnect();
      }
    }
  }

  /** Closes with these last words. */
  void end(String code, String message) {
    close(new Frame.Error(code, message, null));
  }

  private void forget() {
    closing.set(true);
    gone.accept(this);
    dev.helm.service.stream.Session talk = conversation;
    if (talk != null) {
      talk.close();
    }
  }

  private boolean tooFast() {
    long now = System.nanoTime() / 1_000_000_000;
    framesInSecond = now == second ? framesInSecond + 1 : 1;
    second = now;
    return framesInSecond > FRAMES_PER_SECOND_MAX;
  }
}
