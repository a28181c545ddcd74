package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The runtime's control protocol: one JSON object a line, both ways, over its stdin and stdout.
 * Requests go both ways and are answered by id. What the other side writes is hostile input; what
 * breaks the protocol ends the line.
 */
final class ControlLine {
  /** Longest line of the runtime: a file that it read, with what goes around it. */
  static final int LINE_BYTES_MAX = 8 << 20;

  /** Requests of one side that wait for an answer. */
  static final int OPEN_MAX = 256;

  private static final int GARBAGE_LINES_MAX = 20;
  private static final int UNSENT_LINES_MAX = 1_024;
  private static final byte[] LAST = new byte[0];

  private final InputStream out;
  private final OutputStream in;
  private final Peer peer;
  private final BlockingQueue<byte[]> unsent = new ArrayBlockingQueue<>(UNSENT_LINES_MAX);
  private final Map<String, CompletableFuture<JsonNode>> asked = new ConcurrentHashMap<>();
  private final Map<String, Boolean> answering = new ConcurrentHashMap<>();
  private final AtomicInteger numbers = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();

  /** Who is told what the runtime writes; on one thread, in order. */
  interface Peer {
    /** It asks, and waits for {@link #answer} under this id. */
    void asks(String requestId, JsonNode request);

    /** It no longer waits for this answer. */
    void cancels(String requestId);

    /** Anything else that it says. */
    void says(JsonNode message);

    /** The last call. {@code fault} is empty when the stream has just ended. */
    void over(String fault);
  }

  /** Talks through these streams once {@link #open} is called. */
  ControlLine(InputStream out, OutputStream in, Peer peer) {
    this.out = out;
    this.in = in;
    this.peer = peer;
  }

  /** Begins to read and to write. */
  void open() {
    Thread.ofVirtual().name("claude-out").start(this::read);
    Thread.ofVirtual().name("claude-in").start(this::write);
  }

  /** Asks the runtime; fails with an {@link IOException} if it says no or is gone. */
  CompletableFuture<JsonNode> ask(ObjectNode request, Duration limit) {
    String id = "helm-" + numbers.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    if (asked.size() >= OPEN_MAX) {
      answer.completeExceptionally(new IOException("too many requests wait for the runtime"));
      return answer;
    }
    asked.put(id, answer);
    if (over.get()) {
      answer.completeExceptionally(new IOException("the runtime is gone"));
    }
    ObjectNode line = HelmJson.mapper().createObjectNode();
    line.put("type", "control_request").put("request_id", id).set("request", request);
    tell(line);
    CompletableFuture<JsonNode> bounded =
        answer.orTimeout(limit.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
    var unused = bounded.whenComplete((value, fault) -> asked.remove(id));
    return bounded;
  }

  /** Answers a request of the runtime's; only the first answer of each counts. */
  void answer(String requestId, JsonNode response) {
    if (answering.remove(requestId) == null) {
      return;
    }
    ObjectNode line = HelmJson.mapper().createObjectNode().put("type", "control_response");
    ObjectNode body = line.putObject("response");
    body.put("subtype", "success").put("request_id", requestId).set("response", response);
    tell(line);
  }

  /**
   * Says that a request cannot be served. Never for a hook: the runtime lets a tool run whose hook
   * fails.
   */
  void refuse(String requestId, String why) {
    if (answering.remove(requestId) == null) {
      return;
    }
    ObjectNode line = HelmJson.mapper().createObjectNode().put("type", "control_response");
    line.putObject("response")
        .put("subtype", "error")
        .put("request_id", requestId)
        .put("error", why);
    tell(line);
  }

  /** Writes a line, in order, without waiting for the runtime to read it. */
  void tell(ObjectNode line) {
    if (!unsent.offer((line + "\n").getBytes(StandardCharsets.UTF_8))) {
      end("it reads nothing");
    }
  }

  /** Ends the line from this side. */
  void close() {
    end("closed");
  }

  private void write() {
    try (OutputStream to = in) {
      for (byte[] line = unsent.take(); line != LAST; line = unsent.take()) {
        to.write(line);
        to.flush();
      }
    } catch (IOException e) {
      end("it does not read: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void read() {
    String fault = "";
    try {
      LineReader lines = new LineReader(out, LINE_BYTES_MAX);
      int garbage = 0;
      for (byte[] line = lines.next(); line != null && !over.get(); line = lines.next()) {
        if (line.length > 0 && !taken(line) && ++garbage > GARBAGE_LINES_MAX) {
          throw new IOException("more than " + GARBAGE_LINES_MAX + " lines are no JSON objects");
        }
      }
    } catch (IOException e) {
      fault = String.valueOf(e.getMessage());
    } catch (RuntimeException e) {
      fault = "it says what cannot be: " + e;
    }
    end(fault);
  }

  private boolean taken(byte[] line) throws IOException {
    JsonNode message;
    try {
      message = HelmJson.mapper().readTree(line);
    } catch (JsonProcessingException e) {
      return false;
    }
    if (message == null || !message.isObject()) {
      return false;
    }
    switch (message.path("type").asText()) {
      case "control_request" -> asks(message);
      case "control_response" -> answers(message.path("response"));
      case "control_cancel_request" -> {
        String id = message.path("request_id").asText();
        answering.remove(id);
        peer.cancels(id);
      }
      default -> peer.says(message);
    }
    return true;
  }

  private void asks(JsonNode message) throws IOException {
    String id = message.path("request_id").asText();
    if (id.isEmpty() || id.length() > 128 || answering.containsKey(id)) {
      throw new IOException("a request without an id of its own");
    }
    if (answering.size() >= OPEN_MAX) {
      throw new IOException("more than " + OPEN_MAX + " requests at one time");
    }
    answering.put(id, true);
    peer.asks(id, message.path("request"));
  }

  private void answers(JsonNode response) {
    CompletableFuture<JsonNode> answer = asked.remove(response.path("request_id").asText());
    if (answer == null) {
      return;
    }
    if (response.path("subtype").asText().equals("success")) {
      answer.complete(response.path("response"));
    } else {
      answer.completeExceptionally(new IOException(response.path("error").asText("refused")));
    }
  }

  private void end(String fault) {
    if (over.compareAndSet(false, true)) {
      unsent.clear();
      unsent.offer(LAST);
      asked.values().forEach(each -> each.completeExceptionally(new IOException("it is gone")));
      peer.over(fault);
    }
  }
}
