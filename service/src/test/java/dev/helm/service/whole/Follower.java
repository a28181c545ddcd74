package dev.helm.service.whole;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.HelmJson;
import java.net.URI;
import java.net.http.WebSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Follows one run's stream and connects again from its last number, as a client does. What arrives
 * here is acknowledged: it has to be in the log for ever.
 */
final class Follower implements AutoCloseable {
  private static final long SILENCE_MS = 45_000;
  private static final long PAUSE_MS = 200;

  /** An event that arrived. */
  record Arrived(long seq, String hash, String type, long atNs) {}

  private final Rest rest;
  private final String run;
  private final List<Arrived> arrived = new ArrayList<>();
  private final List<String> complaints = new ArrayList<>();
  private final Thread thread;
  private volatile boolean closed;
  private volatile @Nullable String openCall;

  Follower(Rest rest, String run) {
    this.rest = rest;
    this.run = run;
    this.thread = Thread.ofPlatform().daemon().name("follower").start(this::follow);
  }

  synchronized List<Arrived> arrived() {
    return List.copyOf(arrived);
  }

  synchronized List<String> complaints() {
    return List.copyOf(complaints);
  }

  /** The call between {@code tool.started} and its end, as far as the stream has told; or null. */
  @Nullable String openCall() {
    return openCall;
  }

  synchronized boolean finished() {
    return !arrived.isEmpty() && arrived.getLast().type().equals("run.finished");
  }

  private synchronized long last() {
    return arrived.isEmpty() ? 0 : arrived.getLast().seq();
  }

  private synchronized void complain(String text) {
    complaints.add(text);
  }

  private void follow() {
    while (!closed) {
      try {
        URI address = rest.stream();
        if (address != null) {
          session(address);
        }
        Thread.sleep(PAUSE_MS);
      } catch (InterruptedException e) {
        return;
      } catch (CompletionException e) {
        // Not there; tried again.
      } catch (RuntimeException e) {
        complain(e.toString());
      }
    }
  }

  private void session(URI address) throws InterruptedException {
    Frames frames = new Frames();
    WebSocket socket = rest.http().newWebSocketBuilder().buildAsync(address, frames).join();
    try {
      socket
          .sendText(
              HelmJson.write(java.util.Map.of("op", "subscribe", "run", run, "after", last())),
              true)
          .join();
      while (!closed) {
        JsonNode frame = frames.queue.poll(SILENCE_MS, TimeUnit.MILLISECONDS);
        if (frame == null) {
          complain("the stream was silent for " + SILENCE_MS + " ms after seq " + last());
          return;
        }
        switch (frame.path("op").asText()) {
          case "events" -> frame.path("events").forEach(this::take);
          case "closed" -> {
            return;
          }
          case "error" -> complain("error frame " + frame);
          default -> {}
        }
      }
    } finally {
      socket.abort();
    }
  }

  private synchronized void take(JsonNode event) {
    long seq = event.path("seq").asLong();
    if (seq != last() + 1) {
      complaints.add("seq " + seq + " arrived after " + last());
    }
    String type = event.path("type").asText();
    arrived.add(new Arrived(seq, event.path("hash").asText(), type, System.nanoTime()));
    switch (type) {
      case "tool.started" -> openCall = event.at("/data/toolUseId").asText();
      case "tool.finished", "tool.unknown", "run.finished" -> openCall = null;
      default -> {}
    }
  }

  @Override
  public void close() throws InterruptedException {
    closed = true;
    thread.interrupt();
    thread.join(5_000);
  }

  private static final class Frames implements WebSocket.Listener {
    private static final JsonNode CLOSED = HelmJson.mapper().createObjectNode().put("op", "closed");

    private final LinkedBlockingQueue<JsonNode> queue = new LinkedBlockingQueue<>();
    private final StringBuilder partial = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      partial.append(data);
      if (last) {
        queue.add(HelmJson.read(partial.toString(), JsonNode.class));
        partial.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int status, String reason) {
      queue.add(CLOSED);
      return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      queue.add(CLOSED);
    }
  }
}
