package dev.helm.service.whole;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Goes through files, processes and memory as root, and notes where a secret lies. */
final class CanaryPlaces {
  private final CanarySearch search;
  private final List<String> findings = new ArrayList<>();
  private long files;
  private long bytes;

  CanaryPlaces(CanarySearch search) {
    this.search = search;
  }

  /** What was found since the last call, and forgets it. */
  List<String> take() {
    List<String> taken = List.copyOf(findings);
    findings.clear();
    return taken;
  }

  /** How much was read so far. */
  String amount() {
    return "%d files, %d MB".formatted(files, bytes >> 20);
  }

  private void note(String place, Iterable<String> found) {
    String line = CanarySearch.line(place, found);
    if (line != null) {
      findings.add(line);
    }
  }

  void text(String place, String text) {
    note(place, search.in(text));
  }

  /** Every regular file below a folder, and every name; other file systems too. */
  void tree(Path root, Predicate<Path> except) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return except.test(folder) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            note(file + " (name)", search.in(file.toString()));
            if (attributes.isRegularFile() && !except.test(file)) {
              file(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // it went away meanwhile
          }
        });
  }

  private void file(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      files++;
      bytes += Files.size(file);
      note(file.toString(), search.in(in));
    } catch (IOException e) {
      // It went away meanwhile, or the kernel has nothing to say.
    }
  }

  /** Command line, environment and open files' names of every process but this one. */
  void processes() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path process : all.toList()) {
        String pid = String.valueOf(process.getFileName());
        if (pid.matches("[0-9]+") && Long.parseLong(pid) != ProcessHandle.current().pid()) {
          for (String part : List.of("cmdline", "environ", "comm", "status")) {
            file(process.resolve(part));
          }
        }
      }
    }
  }

  /** The memory of one process; gives its resident part's name for the finding. */
  void memory(String name, long pid) throws IOException {
    Path maps = Path.of("/proc/" + pid + "/maps");
    Set<String> found = new TreeSet<>();
    try (RandomAccessFile memory = new RandomAccessFile("/proc/" + pid + "/mem", "r")) {
      for (String line : Files.readAllLines(maps)) {
        String[] parts = line.split("[ -]+", 4);
        if (parts[2].startsWith("r") && !line.endsWith("[vvar]") && !line.endsWith("[vsyscall]")) {
          long from = Long.parseUnsignedLong(parts[0], 16);
          long to = Long.parseUnsignedLong(parts[1], 16);
          found.addAll(range(memory, from, to));
        }
      }
    }
    note("memory of " + name, found);
  }

  private Set<String> range(RandomAccessFile memory, long from, long to) throws IOException {
    memory.seek(from);
    InputStream stretch =
        new InputStream() {
          private long at = from;

          @Override
          public int read() {
            throw new UnsupportedOperationException();
          }

          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            if (at >= to) {
              return -1;
            }
            int count = memory.read(target, offset, (int) Math.min(length, to - at));
            at += count;
            bytes += Math.max(count, 0);
            return count;
          }
        };
    try (InputStream in = new BufferedInputStream(stretch, 1 << 20)) {
      return search.in(in);
    } catch (IOException e) {
      return Set.of(); // a mapping that cannot be read: nothing of ours
    }
  }
}
