package dev.helm.activities.images;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Packs a tree so that it belongs to root, has no rights of its own (setuid …), and is the same for
 * the same files.
 */
final class LayerTar {
  /** Times say nothing; this one is that of the default image's own executor. */
  private static final long TIME_MS = 1_735_689_600_000L;

  private static final String EXECUTOR = "usr/local/bin/helm-executor";
  private static final long BYTES_MAX = 4L << 30;
  private static final int ENTRIES_MAX = 400_000;

  private final Path root;
  private final TarArchiveOutputStream tar;
  private long bytes;
  private int entries;

  private LayerTar(Path root, TarArchiveOutputStream tar) {
    this.root = root;
    this.tar = tar;
  }

  /** Writes the tree to a file. */
  static void write(Path root, Path file) throws IOException, ImageFailed {
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(
            new BufferedOutputStream(Files.newOutputStream(file), 1 << 16), "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      new LayerTar(root, tar).children(root);
    }
  }

  private void children(Path directory) throws IOException, ImageFailed {
    List<Path> sorted = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      entries.forEach(sorted::add);
    }
    sorted.sort(null);
    for (Path path : sorted) {
      add(path);
    }
  }

  private void add(Path path) throws IOException, ImageFailed {
    String name = root.relativize(path).toString();
    // Attack: a package brings a program of the executor's name and becomes the first process.
    if (name.equals(EXECUTOR)) {
      throw new ImageFailed("a package brings a program named helm-executor, which is Helm's own");
    }
    if (++entries > ENTRIES_MAX) {
      throw new ImageFailed("the packages bring more than " + ENTRIES_MAX + " files");
    }
    if (Files.isSymbolicLink(path)) {
      TarArchiveEntry link = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
      link.setLinkName(Files.readSymbolicLink(path).toString());
      put(link, 0777);
      tar.closeArchiveEntry();
    } else if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      put(new TarArchiveEntry(name + "/"), 0755);
      tar.closeArchiveEntry();
      children(path);
    } else if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      TarArchiveEntry file = new TarArchiveEntry(name);
      file.setSize(Files.size(path));
      bytes += file.getSize();
      if (bytes > BYTES_MAX) {
        throw new ImageFailed("the packages bring more than " + (BYTES_MAX >> 20) + " MiB");
      }
      put(file, Files.isExecutable(path) && executable(path) ? 0755 : 0644);
      Files.copy(path, tar);
      tar.closeArchiveEntry();
    }
  }

  private static boolean executable(Path path) throws IOException {
    return Files.getPosixFilePermissions(path)
        .contains(java.nio.file.attribute.PosixFilePermission.OWNER_EXECUTE);
  }

  private void put(TarArchiveEntry entry, int mode) throws IOException {
    entry.setMode(mode);
    entry.setIds(0, 0);
    entry.setNames("root", "root");
    entry.setModTime(TIME_MS);
    tar.putArchiveEntry(entry);
  }
}
