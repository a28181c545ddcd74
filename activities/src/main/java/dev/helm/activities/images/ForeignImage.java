package dev.helm.activities.images;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.sandbox.EngineImages;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Makes an image of the operator's into one that Helm can run: the same files in one layer, with
 * the executor and the places that it needs, without configuration, devices and rights of their
 * own.
 */
final class ForeignImage {
  private static final String EXECUTOR = "usr/local/bin/helm-executor";

  /** Where the executor looks for the variables of every command. */
  private static final String ENVIRONMENT = "usr/share/helm/env.json";

  private static final int OWN_RIGHTS = 07000;
  private static final long BYTES_MAX = 16L << 30;

  /** Trees that a container gets from elsewhere. */
  private static final Set<String> ELSEWHERE =
      Set.of("slot", "run", "proc", "sys", "dev", "tmp", "workspace");

  private final EngineImages engine;

  ForeignImage(EngineImages engine) {
    this.engine = engine;
  }

  /**
   * Makes it.
   *
   * @param source what the engine says of the operator's image
   * @param baseId the default image, which has the executor
   * @return the new image's id
   */
  String derive(JsonNode source, String baseId, Path scratch, String tag)
      throws IOException, ImageFailed {
    byte[] executor = executor(baseId);
    Path tar = Files.createTempFile(scratch, "image", ".tar");
    try {
      try (TarArchiveOutputStream out =
          new TarArchiveOutputStream(
              new BufferedOutputStream(Files.newOutputStream(tar), 1 << 16), "UTF-8")) {
        out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        engine.export(source.path("Id").asText(), in -> copy(in, out));
        addOurs(out, executor, environment(source));
      }
      return engine.load(tar, tag);
    } finally {
      Files.deleteIfExists(tar);
    }
  }

  private byte[] executor(String baseId) throws ImageFailed {
    AtomicReference<byte[]> found = new AtomicReference<>(new byte[0]);
    engine.file(
        baseId,
        "/" + EXECUTOR,
        in -> {
          TarArchiveInputStream tar = new TarArchiveInputStream(in, "UTF-8");
          if (tar.getNextEntry() != null) {
            found.set(tar.readAllBytes());
          }
        });
    if (found.get().length == 0) {
      throw new ImageFailed("the default image has no executor; `helm up` builds it again");
    }
    return found.get();
  }

  private static void copy(InputStream in, TarArchiveOutputStream out) throws IOException {
    TarArchiveInputStream tar = new TarArchiveInputStream(in, "UTF-8");
    long bytes = 0;
    for (TarArchiveEntry each = tar.getNextEntry(); each != null; each = tar.getNextEntry()) {
      String name = each.getName().startsWith("./") ? each.getName().substring(2) : each.getName();
      String top = name.contains("/") ? name.substring(0, name.indexOf('/')) : name;
      if (name.isEmpty()
          || ELSEWHERE.contains(top)
          || name.equals(EXECUTOR)
          || name.equals(ENVIRONMENT)
          || each.isBlockDevice()
          || each.isCharacterDevice()
          || each.isFIFO()) {
        continue;
      }
      bytes += each.getSize();
      if (bytes > BYTES_MAX) {
        throw new IOException("the image has more than " + (BYTES_MAX >> 30) + " GiB");
      }
      // A program with rights of its own is a way to another user where no-new-privileges would
      // fail; capabilities are such rights too, and stand in extended attributes.
      each.setMode(each.getMode() & ~OWN_RIGHTS);
      each.clearExtraPaxHeaders();
      out.putArchiveEntry(each);
      if (each.isFile() && !each.isLink()) {
        tar.transferTo(out);
      }
      out.closeArchiveEntry();
    }
  }

  /** What the image's author set; a container's own configuration has none. */
  private static byte[] environment(JsonNode image) {
    ObjectNode env = JsonNodeFactory.instance.objectNode();
    for (JsonNode each : image.path("Config").path("Env")) {
      String[] parts = each.asText().split("=", 2);
      if (parts.length == 2 && !parts[0].isEmpty()) {
        env.put(parts[0], parts[1]);
      }
    }
    return env.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void addOurs(TarArchiveOutputStream out, byte[] executor, byte[] environment)
      throws IOException {
    for (String directory : new String[] {"slot/", "run/", "run/helm/", "proc/", "sys/", "dev/"}) {
      TarArchiveEntry entry = new TarArchiveEntry(directory);
      entry.setMode(0755);
      out.putArchiveEntry(entry);
      out.closeArchiveEntry();
    }
    TarArchiveEntry tmp = new TarArchiveEntry("tmp/");
    tmp.setMode(01777);
    out.putArchiveEntry(tmp);
    out.closeArchiveEntry();
    TarArchiveEntry workspace = new TarArchiveEntry("workspace", TarConstants.LF_SYMLINK);
    workspace.setLinkName("/slot/workspace");
    out.putArchiveEntry(workspace);
    out.closeArchiveEntry();
    file(out, EXECUTOR, 0555, executor);
    file(out, ENVIRONMENT, 0444, environment);
  }

  private static void file(TarArchiveOutputStream out, String name, int mode, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setMode(mode);
    entry.setSize(content.length);
    out.putArchiveEntry(entry);
    out.write(content);
    out.closeArchiveEntry();
  }
}
