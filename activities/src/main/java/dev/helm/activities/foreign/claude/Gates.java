package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.sandbox.AgentDoor;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The lock's other side: the managed hooks of the image ask here, over a socket of the run's
 * container, whether Helm has allowed this very call, and tell what became of it. Without a session
 * at work nothing is allowed.
 */
public final class Gates {
  private static final int QUESTION_BYTES_MAX = 2 << 20;

  /** How long a question may take to be read. */
  private static final long QUESTION_S = 10;

  private final Map<String, Side> sides = new ConcurrentHashMap<>();
  private final AskedByModel asked = new AskedByModel();

  /** Who answers for a run. */
  interface Side {
    /**
     * A hook asks or tells; what it says may come from any process of the container. It may take as
     * long as people do.
     *
     * @param question in the form of the runtime's hooks
     */
    Answer asked(JsonNode question) throws InterruptedException;

    /**
     * The same.
     *
     * @param gone whether nobody waits for the answer any more
     */
    default Answer asked(JsonNode question, BooleanSupplier gone) throws InterruptedException {
      return asked(question);
    }

    /** Whether the ids that the run's model gives are to be known. */
    default boolean watched() {
      return false;
    }

    /** Nobody waits for the answer to this question any more. */
    default void left(JsonNode question) {}
  }

  /**
   * What the hook says.
   *
   * @param reason why the call is blocked; empty when it is not
   * @param output what the runtime reads; null for nothing
   */
  record Answer(String reason, @Nullable ObjectNode output) {
    /** Nothing to say. */
    static final Answer NOTHING = new Answer("", null);

    static Answer denied(String reason) {
      return new Answer(reason.isBlank() ? "Helm has not allowed this call." : reason, null);
    }

    static Answer of(PendingCall.Verdict verdict) {
      return verdict.allowed() ? new Answer("", verdict.asHook()) : denied(verdict.reason());
    }
  }

  /** The way to the model, whose answers say which calls it has asked for. */
  public AgentDoor model(SocketAddress keyProxy) {
    return AgentDoor.forward("model", keyProxy, this::watch);
  }

  Consumer<ByteBuffer> watch(String run) {
    Side side = sides.get(run);
    return side != null && side.watched() ? asked.watch(run) : answer -> {};
  }

  /** Whether the run's model has asked for a call with this id. */
  boolean askedByModel(String run, String id) {
    return asked.knows(run, id);
  }

  /** The socket in the container. */
  public AgentDoor door() {
    return new AgentDoor("gate", this::accepted);
  }

  void opened(String run, Side side) {
    sides.put(run, side);
  }

  void closed(String run, Side side) {
    if (sides.remove(run, side)) {
      asked.forget(run);
    }
  }

  /** The run's container is given back. */
  public void released(String run) {
    sides.remove(run);
    asked.forget(run);
  }

  private void accepted(String run, SocketChannel connection) throws IOException {
    byte[] question = question(connection);
    Side side = sides.get(run);
    Answer answer =
        side == null
            ? Answer.denied("No session of this run is at work.")
            : answer(side, question, connection);
    ObjectNode json = HelmJson.mapper().createObjectNode();
    json.put("allow", answer.reason.isEmpty()).put("reason", answer.reason);
    json.set("output", answer.output);
    try (OutputStream to = Channels.newOutputStream(connection)) {
      to.write((json + "\n").getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Attack: connections that ask nothing take the places of those that do. */
  private static byte @Nullable [] question(SocketChannel connection) throws IOException {
    CompletableFuture<Void> late =
        CompletableFuture.runAsync(
            () -> close(connection),
            CompletableFuture.delayedExecutor(QUESTION_S, TimeUnit.SECONDS));
    try {
      return new LineReader(Channels.newInputStream(connection), QUESTION_BYTES_MAX).next();
    } finally {
      late.cancel(false);
    }
  }

  private static void close(SocketChannel connection) {
    try {
      connection.close();
    } catch (IOException e) {
      // It is gone.
    }
  }

  private static Answer answer(Side side, byte @Nullable [] question, SocketChannel connection) {
    if (question == null) {
      return Answer.denied("no question");
    }
    try {
      JsonNode asked = HelmJson.mapper().readTree(question);
      AtomicBoolean gone = new AtomicBoolean();
      Thread.ofVirtual()
          .name("gate-left")
          .start(
              () -> {
                if (ended(connection)) {
                  gone.set(true);
                  side.left(asked);
                }
              });
      return side.asked(asked, gone::get);
    } catch (JsonProcessingException e) {
      return Answer.denied("This is no question.");
    } catch (IOException e) {
      return Answer.denied("The question could not be read.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Answer.denied("Helm is stopping.");
    }
  }

  /** Waits for the end; false if it says more than it was asked to. */
  private static boolean ended(SocketChannel connection) {
    try {
      return Channels.newInputStream(connection).read() < 0;
    } catch (IOException e) {
      return true; // Closed here or there.
    }
  }
}
