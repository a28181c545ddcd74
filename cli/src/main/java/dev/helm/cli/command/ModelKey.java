package dev.helm.cli.command;

import dev.helm.cli.Context;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Puts the model key where the key proxy finds it. The key is never printed. */
final class ModelKey {
  private static final int KEY_BYTES_MIN = 16;
  private static final int KEY_BYTES_MAX = 8192;

  private ModelKey() {}

  static ExitCode store(Context context) throws IOException {
    byte[] given = context.in().readNBytes(KEY_BYTES_MAX + 1);
    String key = new String(given, StandardCharsets.UTF_8).strip();
    if (given.length > KEY_BYTES_MAX
        || key.length() < KEY_BYTES_MIN
        || !key.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw Failure.usage(
          "What came on standard input is no model key: one word of 16 or more visible characters is expected.",
          "helm key set < FILE");
    }
    Path file = file(context);
    write(file, key);
    context.out().say("The model key is in " + file + ", readable by its owner alone.");
    context
        .out()
        .say(context.env().hint("It is used from the next start on: helm down, then helm up"));
    return ExitCode.DONE;
  }

  private static Path file(Context context) {
    String named = context.env().get("HELM_MODEL_KEY_FILE");
    return named.isEmpty()
        ? context.env().home().resolve("keys").resolve("model.key")
        : Path.of(named);
  }

  private static void write(Path file, String key) {
    Path folder = file.toAbsolutePath().getParent();
    try {
      if (folder == null) {
        throw new IOException("no folder");
      }
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      Path fresh =
          Files.createTempFile(
              folder,
              ".key",
              "",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try {
        Files.writeString(fresh, key);
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException e) {
      throw new Failure(
          ExitCode.FAILED,
          "The key cannot be stored in " + file + ".",
          "Run this as the user that starts Helm; HELM_HOME says where its state is.",
          "",
          e);
    }
  }
}
