package dev.helm.cli.launch.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Who owns a file, without following a link. */
final class Owner {
  private Owner() {}

  static boolean isRoot(Path path) throws IOException {
    return Integer.valueOf(0)
        .equals(Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS));
  }
}
