package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How user helm gets at an engine's unix socket. */
final class EngineSocket {
  private static final String UNIX = "unix://";
  private static final int GROUP_RW = 0060;
  private static final int OTHERS_RW = 0006;

  private EngineSocket() {}

  /**
   * The group that opens the socket, -1 when none is needed. It may be root's: whoever may use an
   * engine can become root by it anyway.
   */
  static int groupToUse(String dockerHost) {
    return dockerHost.startsWith(UNIX) && (mode(dockerHost) & GROUP_RW) == GROUP_RW
        ? Account.gidOf(path(dockerHost)).orElse(-1)
        : -1;
  }

  /** Whether another user can use the socket at all; says so when not. */
  static boolean usable(String dockerHost, Progress progress) {
    if (!dockerHost.startsWith(UNIX)) {
      return true;
    }
    int mode = mode(dockerHost);
    boolean usable = (mode & GROUP_RW) == GROUP_RW || (mode & OTHERS_RW) == OTHERS_RW;
    if (!usable) {
      progress.held(
          "engine · only root may use " + path(dockerHost) + " · give it a group: chmod g+rw");
    }
    return usable;
  }

  private static int mode(String dockerHost) {
    try {
      return Files.getAttribute(path(dockerHost), "unix:mode") instanceof Integer mode ? mode : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  private static Path path(String dockerHost) {
    Path named = Path.of(dockerHost.substring(UNIX.length()));
    try {
      return named.toRealPath();
    } catch (IOException e) {
      return named;
    }
  }
}
