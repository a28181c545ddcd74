package dev.helm.cli.launch.disk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.helm.cli.launch.OwnFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

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
    // The service may add files to HELM_HOME; it must not say how much of the host it may fill.
    Optional<String> text = OwnFile.readText(file);
    if (text.isEmpty()) {
      return DEFAULT;
    }
    JsonNode root = new YAMLMapper().readTree(text.get());
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
