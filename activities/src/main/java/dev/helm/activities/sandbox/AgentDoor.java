package dev.helm.activities.sandbox;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A socket of the host's in the container of a run whose agent is a foreign program: {@code
 * /run/helm/NAME.sock}, which the executor also shows at a loopback port. All that comes through it
 * is hostile input.
 *
 * @param name {@code model} (port 3129), {@code mcp} (port 3130) or {@code gate} (no port)
 * @param handler what is behind it
 */
public record AgentDoor(String name, Handler handler) {
  /** Connections at one time for one run; more are closed. */
  public static final int MAX_CONNECTIONS_PER_RUN = 64;

  private static final int BUFFER_BYTES = 32 << 10;
  private static final System.Logger LOG = System.getLogger(AgentDoor.class.getName());

  /** Serves one connection. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Called on a virtual thread of its own; the connection is closed when it returns, and when the
     * run's container goes.
     *
     * @param run who dialled
     */
    void accepted(String run, SocketChannel connection) throws IOException;
  }

  /** Knows the executor's two names. */
  public AgentDoor {
    if (!name.equals("model") && !name.equals("mcp") && !name.equals("gate")) {
      throw new IllegalArgumentException("an agent's door is model, mcp or gate: " + name);
    }
  }

  /** Passes every byte on to an address of the host's, both ways, with both ends. */
  public static AgentDoor forward(String name, SocketAddress to) {
    return forward(name, to, run -> answer -> {});
  }

  /**
   * The same; what comes back is shown first.
   *
   * @param watch makes who sees a run's connection; it must leave the buffer as it is
   */
  public static AgentDoor forward(
      String name, SocketAddress to, Function<String, Consumer<ByteBuffer>> watch) {
    return new AgentDoor(
        name,
        (run, client) -> {
          try (SocketChannel target = SocketChannel.open(to)) {
            Thread back =
                Thread.ofVirtual()
                    .name("door-" + name)
                    .start(() -> pump(target, client, watch.apply(run)));
            pump(client, target, request -> {});
            back.join();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private static void pump(SocketChannel from, SocketChannel to, Consumer<ByteBuffer> watch) {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try {
      while (from.read(buffer) >= 0) {
        buffer.flip();
        watch.accept(buffer);
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
        buffer.clear();
      }
      to.shutdownOutput();
    } catch (IOException e) {
      Closer.close(from);
      Closer.close(to);
    }
  }

  String fileName() {
    return name + ".sock";
  }

  /** Serves one connection to its end, if there is room. */
  void serve(String run, SocketChannel connection, Semaphore room) {
    if (!room.tryAcquire()) {
      Closer.close(connection);
      return;
    }
    try {
      handler.accepted(run, connection);
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "a connection to " + fileName() + " failed: " + e);
    } finally {
      room.release();
      Closer.close(connection);
    }
  }
}
