package dev.helm.cli.launch;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
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
    return inode(port).flatMap(PortOwner::holder);
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

  private static Optional<String> holder(String socket) {
    try (DirectoryStream<Path> processes =
        Files.newDirectoryStream(
            Path.of("/proc"), path -> path.getFileName().toString().matches("[0-9]+"))) {
      for (Path process : processes) {
        if (holds(process, socket)) {
          String name = Files.readString(process.resolve("comm")).strip();
          return Optional.of("pid " + process.getFileName() + " (" + name + ")");
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
