package dev.helm.activities.sandbox;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Listens on a unix socket in a slot's socket directory. The socket is made under another name and
 * renamed into place, so that a client finds the old one or the new one, each with its final mode.
 */
public final class UnixListener implements AutoCloseable {
  private static final int BACKLOG = 16;

  /** Several may be made in one directory at one time. */
  private static final AtomicLong NEXT = new AtomicLong();

  private final ServerSocketChannel server;

  private UnixListener(ServerSocketChannel server) {
    this.server = server;
  }

  /**
   * Starts to accept on a virtual thread.
   *
   * @param socket where to listen; at most 106 bytes of path
   * @param ownerUid who may connect (only root can give it to someone else)
   * @param accepted gets each connection, must not block
   */
  public static UnixListener open(Path socket, int ownerUid, Consumer<SocketChannel> accepted)
      throws IOException {
    Path next =
        socket.resolveSibling("." + NEXT.incrementAndGet() + "." + ProcessHandle.current().pid());
    Files.deleteIfExists(next);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(next), BACKLOG);
      Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-------"));
      if (Workspaces.serviceUid() == 0) {
        Files.setAttribute(next, "unix:uid", ownerUid, LinkOption.NOFOLLOW_LINKS);
      }
      Files.move(next, socket, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
    UnixListener listener = new UnixListener(server);
    Thread.ofVirtual().name("accept-" + socket.getFileName()).start(() -> listener.run(accepted));
    return listener;
  }

  private void run(Consumer<SocketChannel> accepted) {
    while (server.isOpen()) {
      try {
        accepted.accept(server.accept());
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        // Out of file descriptors, most likely: let others finish rather than spin.
        try {
          Thread.sleep(50);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  /** Accepts no more. The socket file stays for the next listener to replace. */
  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      // Nothing listens any more either way.
    }
  }
}
