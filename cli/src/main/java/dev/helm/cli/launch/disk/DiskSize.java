package dev.helm.cli.launch.disk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * How large each slot's disk is; {@code sandbox.diskMb} and {@code sandbox.diskFiles} in {@code
 * config.yml}.
 *
 * @param megabytes 64 to 1,048,576, sparse: what is not written takes no space
 * @param files files, directories and links, 1,000 to 10,000,000; each takes 256 bytes of the disk
 */
public record DiskSize(long megabytes, long files) {
  /** 2 GiB and 200,000 files. */
  public static final DiskSize DEFAULT = new DiskSize(2048, 200_000);

  private static final int INODE_BYTES = 256;

  /** Checks the ranges, and that the files' own records take at most half of it. */
  public DiskSize {
    if (megabytes < 64 || megabytes > 1 << 20) {
      throw new IllegalArgumentException("config.yml: sandbox.diskMb must be 64 to 1048576");
    }
    if (files < 1_000 || files > 10_000_000) {
      throw new IllegalArgumentException("config.yml: sandbox.diskFiles must be 1000 to 10000000");
    }
    if (files * INODE_BYTES > (megabytes << 20) / 2) {
      throw new IllegalArgumentException(
          "config.yml: sandbox.diskFiles of %d needs a sandbox.diskMb of at least %d"
              .formatted(files, ((files * INODE_BYTES * 2) >> 20) + 1));
    }
  }

  /**
   * What the operator wrote, or the default.
   *
   * @param home HELM_HOME
   * @throws IllegalArgumentException it says something that is not possible
   * @throws IOException the file cannot be read, or is not the operator's
   */
  public static DiskSize read(Path home) throws IOException {
    Path file = home.resolve("config.yml");
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return DEFAULT;
    }
    // The service may add files to HELM_HOME; it must not say how much of the host it may fill.
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || !Owner.isRoot(file)) {
      throw new IOException(
          file + " is not a file that belongs to root; chown it after you have looked into it");
    }
    JsonNode root = new YAMLMapper().readTree(Files.readString(file));
    JsonNode sandbox = root == null ? null : root.get("sandbox");
    return sandbox == null
        ? DEFAULT
        : new DiskSize(
            whole(sandbox, "diskMb", DEFAULT.megabytes()),
            whole(sandbox, "diskFiles", DEFAULT.files()));
  }

  private static long whole(JsonNode parent, String name, long otherwise) {
    JsonNode value = parent.path(name);
    if (!value.isMissingNode() && !value.isIntegralNumber()) {
      throw new IllegalArgumentException("config.yml: sandbox." + name + " has to be a number");
    }
    return value.asLong(otherwise);
  }
}
