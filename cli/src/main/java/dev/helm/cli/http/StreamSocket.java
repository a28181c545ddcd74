package dev.helm.cli.http;

import dev.helm.api.stream.Frame;
import dev.helm.cli.Failure;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One connection: puts frames together, and ends when anything is wrong with it. */
final class StreamSocket implements WebSocket.Listener {
  /** Longest frame that is read, in characters: 256 events of 64 KiB each, and their wrapping. */
  private static final int FRAME_CHARS_MAX = 32 << 20;

  private final Consumer<Frame> frames;
  private final StringBuilder text = new StringBuilder();
  private final CompletableFuture<String> ended = new CompletableFuture<>();
  private volatile long heardNanos = System.nanoTime();

  StreamSocket(Consumer<Frame> frames) {
    this.frames = frames;
  }

  /** Completes with the reason when the connection has ended. */
  CompletableFuture<String> ended() {
    return ended;
  }

  long silentForMs() {
    return (System.nanoTime() - heardNanos) / 1_000_000;
  }

  void abort(String why) {
    ended.complete(why);
  }

  @Override
  public void onOpen(WebSocket web) {
    web.request(1);
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket web, CharSequence part, boolean whole) {
    heardNanos = System.nanoTime();
    if (ended.isDone()) {
      return null;
    }
    if (text.length() + part.length() > FRAME_CHARS_MAX) {
      ended.complete("the service sent a frame that is too long");
      return null;
    }
    text.append(part);
    if (whole) {
      String frame = text.toString();
      text.setLength(0);
      take(frame);
    }
    web.request(1);
    return null;
  }

  private void take(String text) {
    try {
      Frame frame = Frames.read(text);
      if (frame != null) {
        frames.accept(frame);
      }
    } catch (Failure failure) {
      ended.completeExceptionally(failure);
    } catch (IllegalArgumentException | ClassCastException e) {
      ended.complete(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public @Nullable CompletionStage<?> onPong(WebSocket web, ByteBuffer message) {
    heardNanos = System.nanoTime();
    web.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket web, int status, String reason) {
    ended.complete(reason.isEmpty() ? "the service closed the stream" : reason);
    return null;
  }

  @Override
  public void onError(WebSocket web, Throwable error) {
    ended.complete("the connection broke");
  }
}
