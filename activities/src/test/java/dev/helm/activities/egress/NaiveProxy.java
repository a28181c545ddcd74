package dev.helm.activities.egress;

import dev.helm.activities.sandbox.SlotDoor;
import dev.helm.activities.sandbox.UnixListener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A proxy without the safeguards, for the positive control: it understands whatever it is sent in
 * the most generous way and passes on all bytes. Its only check may be one of strings.
 */
final class NaiveProxy implements SlotDoor {
  private static final Pattern REQUEST = Pattern.compile("(?is)\\s*(\\w+)\\s+(.*?)\\s*HTTP/.*");
  private static final byte[] ESTABLISHED =
      "HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final World world;
  private final Predicate<String> match;

  NaiveProxy(World world, Predicate<String> match) {
    this.world = world;
    this.match = match;
  }

  @Override
  public AutoCloseable open(String slot, Path sockets, int ownerUid) throws IOException {
    return UnixListener.open(
        sockets.resolve("egress.sock"),
        ownerUid,
        client -> Thread.ofVirtual().start(() -> serve(client)));
  }

  private void serve(SocketChannel client) {
    ByteBuffer head = ByteBuffer.allocate(64 << 10);
    try (client;
        SocketChannel target = SocketChannel.open()) {
      if (client.read(head) < 0) {
        return;
      }
      head.flip();
      String text = StandardCharsets.ISO_8859_1.decode(head.duplicate()).toString();
      Matcher request = REQUEST.matcher(text);
      boolean understood = request.matches();
      if (understood && !match.test(authority(request.group(2)))) {
        return;
      }
      // Whatever the name means: in this world every address leads to the canary.
      world.connect(target, new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 443));
      if (understood && request.group(1).equalsIgnoreCase("CONNECT")) {
        client.write(ByteBuffer.wrap(ESTABLISHED));
        int end = text.indexOf("\r\n\r\n");
        head.position(end < 0 ? head.limit() : end + 4);
      }
      target.write(head);
      Thread down = Thread.ofVirtual().start(() -> pump(target, client));
      pump(client, target);
      down.join();
    } catch (IOException e) {
      // Either side is gone.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Without scheme and port; nothing else is taken away before the comparison. */
  private static String authority(String target) {
    return target.replaceFirst("(?i)^[a-z]+:/*", "").replaceFirst(":[^:\\]]*$", "");
  }

  private static void pump(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(16 << 10);
    try {
      while (from.read(buffer) >= 0) {
        buffer.flip();
        to.write(buffer);
        buffer.clear();
      }
      to.shutdownOutput();
    } catch (IOException e) {
      try (from;
          to) {
        return;
      } catch (IOException closing) {
        // Both are as closed as they can be.
      }
    }
  }
}
