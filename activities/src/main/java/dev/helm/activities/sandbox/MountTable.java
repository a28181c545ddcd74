package dev.helm.activities.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A process's mounts as {@code mountinfo} lists them. */
record MountTable(List<Mount> mounts) {
  /**
   * One mount.
   *
   * @param root which part of its file system is seen there
   * @param point where, with the kernel's octal escapes
   * @param options of this mount: {@code ro nosuid nodev noexec …}
   * @param type file system type
   * @param superOptions of the file system; for cgroup v1 the controllers' names
   */
  record Mount(
      String root, String point, Set<String> options, String type, Set<String> superOptions) {}

  MountTable {
    mounts = List.copyOf(mounts);
  }

  static MountTable read(Path mountInfo) throws IOException {
    List<Mount> found = new ArrayList<>();
    for (String line : Files.readAllLines(mountInfo)) {
      String[] halves = line.split(" - ", 2);
      String[] left = halves[0].split(" ");
      String[] right = halves.length == 2 ? halves[1].split(" ") : new String[0];
      if (left.length < 6 || right.length < 3) {
        throw new IOException("a line of mountinfo is not as the kernel writes it");
      }
      found.add(
          new Mount(left[3], left[4], Set.of(words(left[5])), right[0], Set.of(words(right[2]))));
    }
    return new MountTable(found);
  }

  private static String[] words(String list) {
    return java.util.Arrays.stream(list.split(",")).distinct().toArray(String[]::new);
  }
}
