package dev.helm.activities.workspace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.activities.workspace.WorkspaceException.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the launcher, which is root, for disks: one line of JSON each way over its socket. The
 * service itself can neither mount nor touch a disk's raw bytes.
 */
public final class LauncherDisks implements Disks {
  private static final int ANSWER_BYTES_MAX = 8192;

  /** Longer than the launcher takes at worst, 60 s each to format and to mount. */
  private static final long PATIENCE_MS = 150_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path socket;

  /** Where the launcher listens. */
  public LauncherDisks(Path socket) {
    this.socket = socket;
  }

  /** The launcher's socket below HELM_HOME; null where it makes no disks. */
  public static @Nullable Disks find(Path home) {
    Path socket = home.resolve("run").resolve("disks.sock");
    return Files.exists(socket, LinkOption.NOFOLLOW_LINKS) ? new LauncherDisks(socket) : null;
  }

  @Override
  public void make(String slot) throws IOException {
    ask("make", slot);
  }

  @Override
  public void drop(String slot) throws IOException {
    ask("drop", slot);
  }

  private void ask(String op, String slot) throws IOException {
    JsonNode answer;
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      Thread patience = Thread.startVirtualThread(() -> closeLater(channel));
      try {
        channel.write(ByteBuffer.wrap(line(Map.of("op", op, "slot", slot))));
        answer = JSON.readTree(read(channel));
      } finally {
        patience.interrupt();
      }
    }
    if (!answer.path("ok").asBoolean(false)) {
      throw new WorkspaceException(
          Reason.FULL,
          "no disk for a container: " + answer.path("error").asText("no reason given"));
    }
  }

  private static byte[] line(Map<String, String> request) throws IOException {
    return (JSON.writeValueAsString(request) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] read(SocketChannel channel) throws IOException {
    ByteBuffer answer = ByteBuffer.allocate(ANSWER_BYTES_MAX);
    while (answer.hasRemaining() && channel.read(answer) >= 0) {
      if (answer.position() > 0 && answer.get(answer.position() - 1) == '\n') {
        return java.util.Arrays.copyOf(answer.array(), answer.position());
      }
    }
    throw new IOException("the launcher broke off while it made a disk");
  }

  private static void closeLater(SocketChannel channel) {
    try {
      TimeUnit.MILLISECONDS.sleep(PATIENCE_MS);
      channel.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
