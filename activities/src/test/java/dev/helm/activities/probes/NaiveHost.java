package dev.helm.activities.probes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A host's end of the executor's line that lets everyone in and believes what it is told. */
final class NaiveHost implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int BACKLOG = 1024;

  /**
   * Enough to show that nobody is turned away. Each line is an open file of this process, which
   * also watches the neighbour's disk: without a bound a storm took them all, and the neighbour's
   * command was ended because its workspace could not be measured.
   */
  private static final int MOST_HELD = 256;

  private final ServerSocketChannel server;
  private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
  private final boolean reads;
  private volatile int most;
  private final Set<String> ended = ConcurrentHashMap.newKeySet();

  /**
   * Starts to listen.
   *
   * @param reads whether it listens to what it is told, or only holds every line
   */
  NaiveHost(Path socket, boolean reads) throws IOException {
    this.reads = reads;
    Files.deleteIfExists(socket);
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
    Thread.ofPlatform().daemon().name("naive-host").start(this::accept);
  }

  /** How many lines it held at most. */
  int most() {
    return most;
  }

  /** Keys of commands that it believes to have ended. */
  Set<String> ended() {
    return ended;
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        SocketChannel line = server.accept();
        if (open.size() >= MOST_HELD) {
          line.close();
          continue;
        }
        open.add(line);
        most = Math.max(most, open.size());
        if (reads) {
          Thread.ofPlatform().daemon().start(() -> believe(line));
        }
      } catch (IOException e) {
        return;
      }
    }
  }

  private void believe(SocketChannel line) {
    try (line) {
      DataInputStream in = new DataInputStream(Channels.newInputStream(line));
      DataOutputStream out = new DataOutputStream(Channels.newOutputStream(line));
      while (true) {
        byte[] body = in.readNBytes(in.readInt() & 0xfffff);
        JsonNode frame = JSON.readTree(body);
        if (frame.path("t").asText().equals("exit")) {
          ended.add(frame.path("key").asText());
        }
        byte[] answer =
            ("{\"t\":\"welcome\",\"secret\":\"" + "0".repeat(64) + "\"}")
                .getBytes(StandardCharsets.UTF_8);
        out.writeInt(answer.length);
        out.write(answer);
        out.flush();
      }
    } catch (IOException e) {
      // The line is over.
    } finally {
      open.remove(line);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (SocketChannel line : open) {
      line.close();
    }
  }
}
