package dev.helm.activities.egress;

import dev.helm.activities.egress.EgressGrants.Grant;
import dev.helm.activities.egress.EgressLimits.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicLong;

/** Copies both directions of an admitted connection and counts them. */
final class Relay {
  private static final int BUFFER_BYTES = 32 << 10;

  private final EgressConnection connection;
  private final SocketChannel client;
  private final SocketChannel target;
  private final Volume each;
  private final Volume all;
  private final Grant grant;

  Relay(
      EgressConnection connection,
      SocketChannel client,
      SocketChannel target,
      EgressLimits limits,
      Grant grant) {
    this.connection = connection;
    this.client = client;
    this.target = target;
    this.each = limits.connectionBytes();
    this.all = limits.callBytes();
    this.grant = grant;
  }

  /**
   * Returns when both directions have ended.
   *
   * @param mayFollow bytes that the client may still send
   * @param sent bytes that it sent already
   */
  void run(long mayFollow, long sent) {
    Meter up = new Meter("sent", each.up(), all.up(), grant.upBytes(), mayFollow);
    Meter down = new Meter("received", each.down(), all.down(), grant.downBytes(), Long.MAX_VALUE);
    if (!up.take(sent, true)) {
      return;
    }
    Thread other = Thread.ofVirtual().name("egress-down").start(() -> pump(target, client, down));
    pump(client, target, up);
    try {
      other.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Copies one direction to its end; an end is passed on, an error ends both. */
  private void pump(SocketChannel from, SocketChannel to, Meter meter) {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    try {
      while (from.read(buffer) >= 0) {
        if (!meter.take(buffer.position(), false)) {
          return;
        }
        EgressConnection.write(to, buffer.flip());
        buffer.clear();
        connection.alive();
      }
      to.shutdownOutput();
    } catch (IOException e) {
      connection.close();
    }
  }

  /** One direction's bounds. */
  private final class Meter {
    private final String word;
    private final long perConnection;
    private final long perCall;
    private final AtomicLong ofCall;
    private long mayFollow;
    private long bytes;

    Meter(String word, long perConnection, long perCall, AtomicLong ofCall, long mayFollow) {
      this.word = word;
      this.perConnection = perConnection;
      this.perCall = perCall;
      this.ofCall = ofCall;
      this.mayFollow = mayFollow;
    }

    // Attack: an allowed host takes the whole workspace, or fills the disk. Safeguard: bounds on
    // each connection and on each call, told when they end one.
    boolean take(long more, boolean before) {
      bytes += more;
      mayFollow -= before ? 0 : more;
      if (mayFollow < 0) {
        connection.cut("closed: more bytes than the request said");
      } else if (bytes > perConnection) {
        connection.cut("closed: more than " + perConnection + " bytes " + word);
      } else if (ofCall.addAndGet(more) > perCall) {
        connection.cut("closed: more than " + perCall + " bytes " + word + " by one tool call");
      } else {
        return true;
      }
      return false;
    }
  }
}
