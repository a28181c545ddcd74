package dev.helm.cli.launch.disk;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.cli.launch.OwnFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the launcher does about disks: makes them where it can, else says why workspaces are only
 * watched. {@code run/disks.json} tells others which it is.
 */
public final class DiskPart implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final @Nullable DiskServer server;
  private final String mode;
  private final String why;
  private final List<String> troubles;

  private DiskPart(@Nullable DiskServer server, String mode, String why, List<String> troubles) {
    this.server = server;
    this.mode = mode;
    this.why = why;
    this.troubles = List.copyOf(troubles);
  }

  /** Whose disks they are. */
  public record User(String name, int uid, int gid) {}

  /**
   * Starts to make disks, where that is possible.
   *
   * @param user the service's user; null where the launcher is not root
   * @throws IllegalArgumentException {@code config.yml} says something impossible
   * @throws IOException the state cannot be written, or {@code config.yml} is not the operator's
   */
  public static DiskPart start(Path home, @Nullable User user) throws IOException {
    Path socket = home.resolve("run").resolve("disks.sock");
    Files.deleteIfExists(socket);
    if (user == null) {
      return told(
          home,
          DiskSize.DEFAULT,
          new DiskPart(null, "watched", "disks need a launcher that is root", List.of()));
    }
    DiskSize size = DiskSize.read(home);
    Disks disks = new Disks(home, size, user.uid(), user.gid());
    try {
      List<String> troubles = disks.open();
      DiskServer server = DiskServer.start(disks, socket, Set.of("root", user.name()), user.gid());
      try {
        return told(home, size, new DiskPart(server, "images", "", troubles));
      } catch (IOException | RuntimeException e) {
        server.close(); // root serves nobody that does not know of it
        throw e;
      }
    } catch (IOException e) {
      String why = String.valueOf(e.getMessage());
      return told(home, size, new DiskPart(null, "watched", why, List.of()));
    }
  }

  /** Unmounts what an ended installation left; for when all its processes and containers ended. */
  public static List<String> clear(Path home) throws IOException {
    return Files.isDirectory(home.resolve("disks"))
        ? new Disks(home, DiskSize.DEFAULT, 1, 1).close()
        : List.of();
  }

  /** Whether the kernel bounds workspaces; otherwise they are watched. */
  public boolean bounded() {
    return server != null;
  }

  /** Why they are only watched; empty if they are bounded. */
  public String why() {
    return why;
  }

  /** Disks of a former life that could not be mounted. */
  public List<String> troubles() {
    return troubles;
  }

  private static DiskPart told(Path home, DiskSize size, DiskPart part) throws IOException {
    Path file = home.resolve("run").resolve("disks.json");
    Map<String, Object> state =
        Map.of(
            "mode",
            part.mode,
            "why",
            part.why,
            "diskMb",
            size.megabytes(),
            "diskFiles",
            size.files());
    OwnFile.write(file, JSON.writeValueAsBytes(state), "rw-r--r--");
    return part;
  }

  /** Takes no more wishes. */
  @Override
  public void close() {
    if (server != null) {
      server.close();
    }
  }
}
