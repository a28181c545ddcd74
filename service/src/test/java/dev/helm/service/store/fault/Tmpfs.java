package dev.helm.service.store.fault;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Assumptions;

/** A small file system of its own that can be filled to the last byte and made read-only. */
final class Tmpfs implements AutoCloseable {
  final Path home;

  private Tmpfs(Path home) {
    this.home = home;
  }

  static Tmpfs mount(Path home, String size) throws Exception {
    Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "mounting needs root");
    Assumptions.assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", home.toString()) == 0,
        "tmpfs cannot be mounted here");
    return new Tmpfs(home);
  }

  /** Takes all the space there is. */
  void fill() throws IOException {
    try (OutputStream out =
        Files.newOutputStream(
            home.resolve("ballast"), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (int size = 1 << 20; size > 0; size /= 16) {
        takeAll(out, new byte[size]);
      }
    } catch (IOException e) {
      // Full, to the last byte.
      return;
    }
  }

  /** Takes all but some of the space. */
  void fillBut(long leaveBytes) throws IOException {
    long take = Files.getFileStore(home).getUsableSpace() - leaveBytes;
    if (take > 0) {
      Files.write(
          home.resolve("ballast"),
          new byte[Math.toIntExact(take)],
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    }
  }

  private static void takeAll(OutputStream out, byte[] bytes) {
    try {
      while (true) {
        out.write(bytes);
      }
    } catch (IOException e) {
      // No room for as much; less may fit.
    }
  }

  /** Gives back what {@link #fill} took. */
  void free() throws IOException {
    Files.deleteIfExists(home.resolve("ballast"));
  }

  /** No write gets through, not even root's. */
  void readOnly(boolean on) throws Exception {
    int code = run("mount", "-o", "remount," + (on ? "ro" : "rw"), home.toString());
    Assumptions.assumeTrue(code == 0, "a file system in use cannot be made read-only here");
  }

  private static int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  @Override
  public void close() throws Exception {
    run("umount", "-l", home.toString());
  }
}
