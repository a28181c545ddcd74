package dev.helm.service.run;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks the container engine whether it is there, with a deadline of its own. */
final class EnginePing {
  private static final String REQUEST = "GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n";

  private EnginePing() {}

  static boolean answers(String dockerHost) {
    if (!dockerHost.startsWith("unix://")) {
      return true;
    }
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    Thread.startVirtualThread(
        () -> answer.complete(ping(dockerHost.substring("unix://".length()))));
    try {
      return answer.get(2, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static boolean ping(String path) {
    try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.connect(UnixDomainSocketAddress.of(path));
      socket.write(ByteBuffer.wrap(REQUEST.getBytes(StandardCharsets.US_ASCII)));
      ByteBuffer head = ByteBuffer.allocate(64);
      while (head.position() < 12 && socket.read(head) >= 0) {
        // The status line may come in pieces.
      }
      return new String(head.array(), 0, head.position(), StandardCharsets.US_ASCII)
          .contains(" 200");
    } catch (IOException e) {
      return false;
    }
  }
}
