package dev.helm.activities.snapshot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Trees as shell commands make and change them, and what is in one, byte for byte. */
final class RandomTree {
  private static final List<String> NAMES =
      List.of(
          "a",
          "b.txt",
          ".git",
          ".gitignore",
          "with blank",
          "ü",
          "日本",
          "-rf",
          "a\nb",
          "\"q\"",
          "*",
          "node_modules",
          "HEAD",
          "a.b",
          "a-b",
          "a0",
          "'",
          "\\",
          "~",
          "x\tx");

  private final Random random;
  private final Path root;

  RandomTree(Random random, Path root) {
    this.random = random;
    this.root = root;
  }

  void grow(int steps) throws IOException {
    for (int i = 0; i < steps; i++) {
      step();
    }
  }

  private void step() throws IOException {
    switch (random.nextInt(10)) {
      case 0, 1, 2, 3 -> write(fresh());
      case 4 -> directory(fresh());
      case 5 -> link(fresh());
      case 6 -> remove(any());
      case 7 -> mode(any());
      case 8 -> edit(any());
      default -> rename(any());
    }
  }

  private static void directory(Path path) throws IOException {
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectory(path);
    }
  }

  private Path fresh() throws IOException {
    List<Path> directories = new ArrayList<>(List.of(root));
    try (Stream<Path> all = Files.walk(root)) {
      all.filter(p -> Files.isDirectory(p, LinkOption.NOFOLLOW_LINKS)).forEach(directories::add);
    }
    Path in = directories.get(random.nextInt(directories.size()));
    if (random.nextInt(4) == 0) {
      in = in.resolve("d" + random.nextInt(5));
      if (Files.exists(in, LinkOption.NOFOLLOW_LINKS)
          && !Files.isDirectory(in, LinkOption.NOFOLLOW_LINKS)) {
        Files.delete(in);
      }
      Files.createDirectories(in);
    }
    return in.resolve(NAMES.get(random.nextInt(NAMES.size())));
  }

  private Path any() throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      List<Path> paths = all.filter(p -> !p.equals(root)).toList();
      return paths.isEmpty() ? root : paths.get(random.nextInt(paths.size()));
    }
  }

  private void write(Path path) throws IOException {
    remove(path);
    byte[] bytes = new byte[random.nextInt(5) == 0 ? random.nextInt(200_000) : random.nextInt(50)];
    if (random.nextBoolean()) {
      random.nextBytes(bytes);
    }
    Files.write(path, bytes);
    mode(path);
  }

  private void edit(Path path) throws IOException {
    if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && Files.isWritable(path)) {
      // In place, as sed -i does not and echo >> does.
      Files.writeString(path, "line " + random.nextInt() + "\n");
    }
  }

  private void link(Path path) throws IOException {
    remove(path);
    List<String> targets = List.of("/etc/passwd", "..", "nowhere", "a/../../x", "ü\n");
    Files.createSymbolicLink(path, Path.of(targets.get(random.nextInt(targets.size()))));
  }

  private void mode(Path path) throws IOException {
    if (Files.isSymbolicLink(path) || !Files.exists(path) || path.equals(root)) {
      return;
    }
    boolean directory = Files.isDirectory(path);
    List<String> modes =
        directory
            ? List.of("rwxr-xr-x", "rwx------", "rwxrwxrwx")
            : List.of("rw-r--r--", "rwxr-xr-x", "rw-------", "r--r--r--", "rwx--x--x");
    Files.setPosixFilePermissions(
        path, PosixFilePermissions.fromString(modes.get(random.nextInt(modes.size()))));
  }

  private void rename(Path path) throws IOException {
    Path to = path.resolveSibling("renamed-" + random.nextInt(1000));
    if (!path.equals(root) && !Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
      Files.move(path, to);
    }
  }

  private void remove(Path path) throws IOException {
    if (path.equals(root) || !Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(each);
      }
    }
  }

  /** Everything that a snapshot has to give back. */
  static Map<String, String> of(Path root) throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.toList()) {
        String name = root.relativize(path).toString();
        if (Files.isSymbolicLink(path)) {
          found.put(name, "-> " + Files.readSymbolicLink(path));
        } else {
          String mode =
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
          found.put(
              name,
              mode
                  + (Files.isDirectory(path)
                      ? "/"
                      : " " + java.util.HexFormat.of().formatHex(Files.readAllBytes(path))));
        }
      }
    }
    return found;
  }
}
