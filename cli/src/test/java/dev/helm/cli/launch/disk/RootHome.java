package dev.helm.cli.launch.disk;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A HELM_HOME as a launcher that is root has it, and commands of the service's user in it. */
final class RootHome implements AutoCloseable {
  /** Stands for the service's user: every Debian has it. */
  static final String SERVICE = "daemon";

  static final int SERVICE_ID = 1;
  static final String SLOT = "0123abcd";

  final Path root;

  private RootHome(Path root) {
    this.root = root;
  }

  static RootHome make() throws Exception {
    if (!Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
      abort("needs root, to mount");
    }
    Path root = Files.createTempDirectory("hd").toRealPath();
    // As HomePreparation makes it: the service may add names and not replace others'.
    Files.setAttribute(root, "unix:gid", SERVICE_ID);
    Files.setAttribute(root, "unix:mode", 01770);
    Files.createDirectory(root.resolve("run"));
    Files.setAttribute(root.resolve("run"), "unix:mode", 0755);
    return new RootHome(root);
  }

  Disks disks() {
    return disks(new DiskSize(64, 2_000));
  }

  Disks disks(DiskSize size) {
    return new Disks(root, size, SERVICE_ID, SERVICE_ID, 1 << 20);
  }

  Path box(String slot) {
    return root.resolve("boxes").resolve(slot);
  }

  Path image(String slot) {
    return root.resolve("disks").resolve(slot + ".img");
  }

  /** What a shell line of the service's user prints; its exit code is the last line. */
  String asService(String line) throws Exception {
    return as(SERVICE_ID, line);
  }

  String as(int uid, String line) throws Exception {
    List<String> argv = new ArrayList<>(List.of("setpriv", "--reuid", "" + uid));
    argv.addAll(List.of("--regid", "" + uid, "--clear-groups", "--no-new-privs", "--"));
    argv.addAll(List.of("/bin/bash", "-c", line + "\necho exit $?"));
    Process process =
        new ProcessBuilder(argv).directory(root.toFile()).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("it hangs: " + line);
    }
    return said;
  }

  static String root(String... argv) throws Exception {
    Process process = new ProcessBuilder(argv).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  /** How many devices have an image of this home. */
  int attached() throws Exception {
    return (int) root("losetup", "-a").lines().filter(l -> l.contains(root.toString())).count();
  }

  @Override
  public void close() throws IOException {
    try {
      for (Path point : Mounts.within(root)) {
        root("umount", "-l", point.toString());
      }
      root("rm", "-rf", "--one-file-system", root.toString());
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
