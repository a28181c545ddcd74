package dev.helm.cli.launch;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Tells whether a loopback port is free and, on Linux, who has it. */
public final class PortOwner {
  private static final int FIELD_LOCAL = 1;
  private static final int FIELD_STATE = 3;
  private static final int FIELD_INODE = 9;
  private static final String LISTENS = "0A";

  private PortOwner() {}

  /** True when something else listens there. */
  public static boolean taken(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  /** Who listens, as {@code pid 123 (java)}; empty when that cannot be seen. */
  public static Optional<String> describe(int port) {
    return inode(port).flatMap(PortOwner::holder).map(PortOwner::named);
  }

  /** HELM_HOME of the Helm that listens; empty when it is no Helm, or that cannot be seen. */
  static Optional<Path> helm(int port) {
    return inode(port).flatMap(PortOwner::holder).flatMap(PortOwner::helmOf);
  }

  /** Helm's processes have HELM_HOME or HOME there; its state file must name that process. */
  private static Optional<Path> helmOf(Path process) {
    try {
      String environment =
          Files.readString(process.resolve("environ"), StandardCharsets.ISO_8859_1);
      long pid = Long.parseLong(process.getFileName().toString());
      for (String entry : environment.split("\0")) {
        String[] parts = entry.split("=", 2);
        if (parts.length == 2 && (parts[0].equals("HELM_HOME") || parts[0].equals("HOME"))) {
          Path home = Path.of(parts[1]);
          boolean its =
              RunState.read(home.resolve("run/state.json"))
                  .filter(RunState::launcherAlive)
                  .filter(s -> s.children().stream().anyMatch(c -> c.process().pid() == pid))
                  .isPresent();
          if (its) {
            return Optional.of(home);
          }
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty(); // ended meanwhile, or another user's
    }
    return Optional.empty();
  }

  private static String named(Path process) {
    try {
      String name = Files.readString(process.resolve("comm")).strip();
      return "pid " + process.getFileName() + " (" + name + ")";
    } catch (IOException e) {
      return "pid " + process.getFileName();
    }
  }

  private static Optional<String> inode(int port) {
    String suffix = ":%04X".formatted(port);
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      try {
        for (String line : Files.readAllLines(Path.of(table))) {
          String[] fields = line.strip().split("\\s+");
          if (fields.length > FIELD_INODE
              && fields[FIELD_LOCAL].endsWith(suffix)
              && fields[FIELD_STATE].equals(LISTENS)) {
            return Optional.of("socket:[" + fields[FIELD_INODE] + "]");
          }
        }
      } catch (IOException e) {
        continue; // no such protocol here
      }
    }
    return Optional.empty();
  }

  private static Optional<Path> holder(String socket) {
    try (DirectoryStream<Path> processes =
        Files.newDirectoryStream(
            Path.of("/proc"), path -> path.getFileName().toString().matches("[0-9]+"))) {
      for (Path process : processes) {
        if (holds(process, socket)) {
          return Optional.of(process);
        }
      }
    } catch (IOException e) {
      return Optional.empty();
    }
    return Optional.empty();
  }

  private static boolean holds(Path process, String socket) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
      for (Path file : files) {
        if (Files.readSymbolicLink(file).toString().equals(socket)) {
          return true;
        }
      }
    } catch (IOException | java.nio.file.DirectoryIteratorException e) {
      return false; // ended meanwhile, or another user's
    }
    return false;
  }
}
