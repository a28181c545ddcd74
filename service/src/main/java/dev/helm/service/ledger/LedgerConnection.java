package dev.helm.service.ledger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.store.RunLog.LogUnavailableException;
import dev.helm.workflows.HelmJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection of the ledger's socket: reads lines, answers in any order. */
final class LedgerConnection {
  /** Longest line, in bytes. */
  static final int LINE_BYTES_MAX = 256 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(LedgerConnection.class);
  private static final int UNANSWERED_MAX = 1_024;
  private static final int HELLO_WAIT_MS = 5_000;
  private static final int DRAIN_MS = 2_000;
  private static final String END = "";

  private final SocketChannel channel;
  private final LedgerSocket socket;
  private final LedgerRequests requests;
  private final Semaphore unanswered = new Semaphore(UNANSWERED_MAX);
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final ByteBuffer in = ByteBuffer.allocate(64 * 1024).flip();
  private volatile @Nullable String boot;

  LedgerConnection(SocketChannel channel, LedgerSocket socket, Ledger ledger) {
    this.channel = channel;
    this.socket = socket;
    this.requests = new LedgerRequests(ledger);
  }

  void start() {
    Thread.ofVirtual().name("ledger-read").start(this::read);
    Thread.ofVirtual().name("ledger-write").start(this::write);
    Thread.ofVirtual().name("ledger-hello").start(this::expectHello);
  }

  private void expectHello() {
    try {
      Thread.sleep(HELLO_WAIT_MS);
      if (boot == null) {
        close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void read() {
    try {
      String line = line();
      if (line != null && hello(line)) {
        for (line = line(); line != null; line = line()) {
          unanswered.acquire();
          request(line);
        }
      }
    } catch (IOException | InterruptedException e) {
      LOG.debug("ledger connection ended: {}", e.getMessage());
    } finally {
      socket.gone(this);
      answers.add(END);
    }
  }

  private boolean hello(String line) {
    ObjectNode answer = HelmJson.mapper().createObjectNode().put("op", "hello");
    try {
      JsonNode hello = HelmJson.mapper().readTree(line);
      String life = hello.path("boot").asText("");
      if (hello.path("op").asText("").equals("hello")
          && hello.path("v").asInt() == 1
          && secretIs(hello.path("secret").asText(""))) {
        Ledger.checkId(life);
        socket.takeOver(this);
        requests.ledger().hello(life).join();
        boot = life;
        answers.add(answer.put("ok", true).toString());
        return true;
      }
      answer.put("ok", false).put("code", "unauthorized");
    } catch (JsonProcessingException | IllegalArgumentException e) {
      answer.put("ok", false).put("code", "bad_request");
    } catch (CompletionException e) {
      LOG.warn("cannot take a key proxy's hello: {}", e.getMessage());
      answer.put("ok", false).put("code", "log_unavailable");
    }
    answers.add(answer.toString());
    return false;
  }

  private boolean secretIs(String shown) {
    return MessageDigest.isEqual(
        socket.secret().reveal().getBytes(StandardCharsets.UTF_8),
        shown.getBytes(StandardCharsets.UTF_8));
  }

  private void request(String line) {
    String id = "";
    CompletableFuture<ObjectNode> answer;
    try {
      JsonNode request = HelmJson.mapper().readTree(line);
      id = request.path("id").asText("");
      answer = requests.handle(String.valueOf(boot), request);
    } catch (JsonProcessingException e) {
      answer = CompletableFuture.failedFuture(new IllegalArgumentException("not a JSON object"));
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    String known = id;
    answer.whenComplete(
        (node, failure) -> {
          ObjectNode out = failure == null ? node : failed(failure);
          answers.add(out.put("id", known).toString());
          unanswered.release();
        });
  }

  private static ObjectNode failed(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    ObjectNode out = HelmJson.mapper().createObjectNode().put("ok", false);
    return switch (cause) {
      case IllegalArgumentException e ->
          out.put("status", 400).put("code", "bad_request").put("message", e.getMessage());
      case LogUnavailableException e ->
          out.put("status", 503).put("code", "log_unavailable").put("message", e.getMessage());
      default -> {
        LOG.error("a ledger request failed", cause);
        yield out.put("status", 503).put("code", "internal").put("message", "see the log");
      }
    };
  }

  private void write() {
    try (channel) {
      for (String answer = answers.take(); !answer.equals(END); answer = answers.take()) {
        ByteBuffer bytes = ByteBuffer.wrap((answer + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    } catch (IOException | InterruptedException e) {
      LOG.debug("ledger connection ended: {}", e.getMessage());
    }
  }

  private @Nullable String line() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
    while (true) {
      while (in.hasRemaining()) {
        byte next = in.get();
        if (next == '\n') {
          return out.toString(StandardCharsets.UTF_8);
        }
        if (out.size() == LINE_BYTES_MAX) {
          throw new IOException("a line is longer than " + LINE_BYTES_MAX + " bytes");
        }
        out.write(next);
      }
      in.clear();
      int count = channel.read(in);
      in.flip();
      if (count < 0) {
        return null;
      }
    }
  }

  /**
   * Another proxy has taken over. What this one had sent before it died, the ends of its calls, is
   * still read: the truth about a call that the hello charges in full corrects it.
   */
  void drain() {
    Thread.ofVirtual()
        .name("ledger-drain")
        .start(
            () -> {
              try {
                Thread.sleep(DRAIN_MS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              close();
            });
  }

  void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing a ledger connection: {}", e.getMessage());
    }
  }
}
