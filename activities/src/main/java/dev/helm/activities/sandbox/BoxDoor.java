package dev.helm.activities.sandbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Waits for one pipe of the executor's and lets it in, once: a child of the container's first
 * process, by the kernel's word, that shows the token which it was given on its stdin.
 */
final class BoxDoor implements AutoCloseable {
  private static final Duration MEET = Duration.ofSeconds(10);
  private static final int MAX_HANDSHAKES = 4;
  private static final int MAX_WORD_BYTES = 600;
  private static final System.Logger LOG = System.getLogger(BoxDoor.class.getName());

  private final Path socket;
  private final String token;
  private final int executorPid;
  private final String program;
  private final Semaphore handshakes = new Semaphore(MAX_HANDSHAKES);
  private final CompletableFuture<SocketChannel> joined = new CompletableFuture<>();
  private final RefusalLog refusals;
  private final UnixListener listener;

  /**
   * @param socket {@code slots/<slot>/sock/<name>.sock}
   * @param token 64 hex digits
   * @param executorPid the container's first process; 0 if that cannot be known
   * @param program its name, for the message that it did not start
   */
  BoxDoor(Path socket, int ownerUid, String token, int executorPid, String program)
      throws IOException {
    this.socket = socket;
    this.token = token;
    this.executorPid = executorPid;
    this.program = program;
    this.refusals =
        new RefusalLog(
            String.valueOf(socket.getFileName()),
            line -> LOG.log(System.Logger.Level.WARNING, line),
            System::nanoTime);
    this.listener = UnixListener.open(socket, ownerUid, this::accepted);
  }

  /**
   * The pipe's connection once its program runs; fails with {@link SandboxRefused} if it cannot.
   */
  CompletableFuture<SocketChannel> joined() {
    return joined;
  }

  private void accepted(SocketChannel channel) {
    if (joined.isDone() || !handshakes.tryAcquire()) {
      Closer.close(channel);
      return;
    }
    Thread.ofVirtual().name("box-door").start(() -> meet(channel));
  }

  private void meet(SocketChannel channel) {
    boolean mine = false;
    Future<?> closing = Closer.closeAfter(channel, MEET);
    try {
      checkParent(channel);
      if (!MessageDigest.isEqual(
          line(channel, token.length()).getBytes(StandardCharsets.US_ASCII),
          token.getBytes(StandardCharsets.US_ASCII))) {
        throw new IOException("no such token");
      }
      channel.write(ByteBuffer.wrap("ok\n".getBytes(StandardCharsets.US_ASCII)));
      String word = line(channel, MAX_WORD_BYTES);
      if (word.equals("started")) {
        mine = closing.cancel(false) && joined.complete(channel);
      } else if (word.startsWith("failed ")) {
        joined.completeExceptionally(
            new SandboxRefused("program", program + " could not be started: " + word.substring(7)));
      }
    } catch (IOException | RuntimeException e) {
      refusals.refused(String.valueOf(e.getMessage()));
    } finally {
      closing.cancel(false);
      handshakes.release();
      if (!mine) {
        Closer.close(channel);
      }
    }
  }

  /** Attack: another process of the container takes the program's place. */
  private void checkParent(SocketChannel channel) throws IOException {
    int peer = PeerPid.of(channel);
    if (executorPid <= 0 || peer <= 0) {
      return; // as at the executor's own line: only the token counts
    }
    for (String line : Files.readAllLines(Path.of("/proc", Integer.toString(peer), "status"))) {
      if (line.startsWith("PPid:")) {
        if (line.substring(5).strip().equals(Integer.toString(executorPid))) {
          return;
        }
        throw new IOException("process " + peer + " was not started by the executor");
      }
    }
    throw new IOException("process " + peer + " has no parent");
  }

  private static String line(SocketChannel channel, int maxBytes) throws IOException {
    StringBuilder text = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (channel.read(one) == 1) {
      byte b = one.get(0);
      if (b == '\n') {
        return text.toString();
      }
      if (text.length() >= maxBytes) {
        throw new IOException("a word of more than " + maxBytes + " bytes");
      }
      text.append(b >= ' ' && b < 0x7f ? (char) b : '?');
      one.clear();
    }
    throw new IOException("the connection ended early");
  }

  /** Lets nobody in any more; a connection that was let in stays. */
  @Override
  public void close() {
    listener.close();
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a box's socket stays until its slot goes", e);
    }
  }
}
