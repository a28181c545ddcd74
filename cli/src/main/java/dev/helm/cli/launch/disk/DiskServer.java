package dev.helm.cli.launch.disk;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import jdk.net.ExtendedSocketOptions;

/**
 * Takes the service's wishes for disks on {@code run/disks.sock}: one line of JSON, {@code
 * {"op":"make"|"drop"|"list","slot":"<8 hex>"}}, one line back, {@code {"ok":true}} or {@code
 * {"ok":false,"error":…}}, and the connection ends. It is root that acts, so nothing but these
 * three words and the eight digits is taken from the other side.
 */
public final class DiskServer implements AutoCloseable {
  private static final int LINE_BYTES_MAX = 200;
  private static final int CONNECTIONS_MAX = 16;
  private static final long LINE_MS = 5_000;
  private static final long PAUSE_MS = 100;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final System.Logger LOG = System.getLogger(DiskServer.class.getName());

  private final Disks disks;
  private final Set<String> users;
  private final Path socket;
  private final ServerSocketChannel server;
  private final Semaphore connections = new Semaphore(CONNECTIONS_MAX);

  private DiskServer(Disks disks, Set<String> users, Path socket, ServerSocketChannel server) {
    this.disks = disks;
    this.users = users;
    this.socket = socket;
    this.server = server;
  }

  /**
   * Starts to listen.
   *
   * @param users names of those who may ask
   * @param gid group that may open the socket
   */
  public static DiskServer start(Disks disks, Path socket, Set<String> users, int gid)
      throws IOException {
    // Ready under another name first, so that it is never there with other modes.
    Path fresh = socket.resolveSibling(".disks.sock");
    Files.deleteIfExists(fresh);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(fresh), CONNECTIONS_MAX);
      Files.setAttribute(fresh, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(fresh, "unix:mode", 0660);
      Files.move(
          fresh, socket, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      server.close();
      throw e;
    }
    DiskServer started = new DiskServer(disks, Set.copyOf(users), socket, server);
    Thread.ofPlatform().daemon().name("disks").start(started::accept);
    return started;
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        SocketChannel channel = server.accept();
        if (connections.tryAcquire()) {
          Thread.startVirtualThread(() -> attend(channel));
        } else {
          channel.close();
        }
      } catch (IOException | RuntimeException e) {
        if (server.isOpen()) {
          LOG.log(System.Logger.Level.WARNING, "disks: " + e.getMessage());
          pause();
        }
      }
    }
  }

  /** What lasts, as too many open files do, must not keep a processor busy. */
  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void attend(SocketChannel channel) {
    try (channel) {
      Thread patience = Thread.startVirtualThread(() -> closeLate(channel));
      String line;
      try {
        line = read(channel);
      } finally {
        patience.interrupt();
      }
      ByteBuffer reply = ByteBuffer.wrap((answer(channel, line) + "\n").getBytes(UTF_8));
      while (reply.hasRemaining()) {
        channel.write(reply);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a wish for a disk broke off: " + e.getMessage());
    } finally {
      connections.release();
    }
  }

  private static final java.nio.charset.Charset UTF_8 = StandardCharsets.UTF_8;

  private static String read(SocketChannel channel) throws IOException {
    ByteBuffer line = ByteBuffer.allocate(LINE_BYTES_MAX);
    while (line.hasRemaining() && channel.read(line) >= 0) {
      if (line.position() > 0 && line.get(line.position() - 1) == '\n') {
        return new String(line.array(), 0, line.position(), UTF_8);
      }
    }
    throw new IOException("not one line of at most " + LINE_BYTES_MAX + " bytes");
  }

  private static void closeLate(SocketChannel channel) {
    try {
      TimeUnit.MILLISECONDS.sleep(LINE_MS);
      channel.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "it was closed already", e);
    }
  }

  private String answer(SocketChannel channel, String line) {
    ObjectNode answer = JSON.createObjectNode();
    try {
      // Others that can open the socket's folder must not have root make or remove anything.
      String asking = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
      if (!users.contains(asking)) {
        throw new DiskRefused("the user " + asking + " may not ask for disks");
      }
      act(line, answer);
      return answer.put("ok", true).toString();
    } catch (IOException | RuntimeException e) {
      return answer.put("ok", false).put("error", String.valueOf(e.getMessage())).toString();
    }
  }

  private void act(String line, ObjectNode answer) throws IOException {
    JsonNode wish;
    try {
      wish = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new DiskRefused("that is no JSON");
    }
    String slot = wish.path("slot").textValue() == null ? "" : wish.path("slot").textValue();
    switch (wish.path("op").asText("")) {
      case "make" -> disks.make(slot);
      case "drop" -> disks.drop(slot);
      case "list" -> disks.list().forEach(answer.putArray("slots")::add);
      default -> throw new DiskRefused("there are make, drop and list");
    }
  }

  /** Stops listening; disks stay as they are. */
  @Override
  public void close() {
    try {
      server.close();
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "disks: " + e.getMessage());
    }
  }
}
