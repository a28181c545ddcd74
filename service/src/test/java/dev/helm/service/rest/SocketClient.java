package dev.helm.service.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.HelmJson;
import java.net.URI;
import java.net.http.WebSocket;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A client as scripts write them. */
final class SocketClient implements WebSocket.Listener, AutoCloseable {
  private static final JsonNode CLOSED = HelmJson.mapper().createObjectNode().put("op", "closed");

  private final LinkedBlockingQueue<JsonNode> frames = new LinkedBlockingQueue<>();
  private final StringBuilder partial = new StringBuilder();
  private final WebSocket socket;

  SocketClient(RunningService service, String ticket) {
    this(service, ticket, null);
  }

  SocketClient(RunningService service, String ticket, @Nullable String origin) {
    WebSocket.Builder builder = service.http().newWebSocketBuilder();
    if (origin != null) {
      builder.header("Origin", origin);
    }
    socket =
        builder
            .buildAsync(
                URI.create("ws://127.0.0.1:" + service.port + "/api/stream?ticket=" + ticket), this)
            .join();
  }

  void send(String text) {
    socket.sendText(text, true).join();
  }

  JsonNode next(Predicate<JsonNode> wanted) {
    try {
      while (true) {
        JsonNode frame = frames.poll(20, TimeUnit.SECONDS);
        assertThat(frame).as("a frame in time").isNotNull();
        if (wanted.test(frame)) {
          return frame;
        }
        assertThat(frame).isNotEqualTo(CLOSED);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  void awaitClosed() {
    next(frame -> frame.equals(CLOSED));
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    partial.append(data);
    if (last) {
      frames.add(HelmJson.read(partial.toString(), JsonNode.class));
      partial.setLength(0);
    }
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int status, String reason) {
    frames.add(CLOSED);
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    frames.add(CLOSED);
  }

  @Override
  public void close() {
    socket.abort();
  }
}
