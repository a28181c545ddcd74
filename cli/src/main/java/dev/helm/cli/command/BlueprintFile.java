package dev.helm.cli.command;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A blueprint as it lies on disk. The service reads it; the terminal only needs its name.
 *
 * @param name the value of {@code name}, or the file's own name where none can be read
 * @param bytes the file as it is
 * @param mediaType {@code application/yaml} or {@code application/json}
 */
public record BlueprintFile(String name, byte[] bytes, String mediaType) {
  private static final int BYTES_MAX = 1 << 20;

  /** Reads a file. */
  public static BlueprintFile read(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw Failure.usage(
            file + " is a directory.", "Name the file in it: -f " + file + "/blueprint.yaml");
      }
      if (Files.size(file) > BYTES_MAX) {
        throw Failure.usage(
            file + " is longer than 1 MiB.", "A blueprint is a short text; is it the right file?");
      }
      byte[] bytes = Files.readAllBytes(file);
      boolean json = file.toString().endsWith(".json");
      return new BlueprintFile(
          name(file, bytes), bytes, json ? "application/json" : "application/yaml");
    } catch (IOException e) {
      throw new Failure(
          ExitCode.USAGE, file + " cannot be read.", "Is the path right? -f FILE", "", e);
    }
  }

  /** Reads standard input: YAML, of which JSON is a part. */
  public static BlueprintFile read(InputStream in) {
    try {
      byte[] bytes = in.readNBytes(BYTES_MAX + 1);
      if (bytes.length > BYTES_MAX) {
        throw Failure.usage(
            "Standard input is longer than 1 MiB.",
            "A blueprint is a short text; is it the right file?");
      }
      return new BlueprintFile(name(Path.of("blueprint"), bytes), bytes, "application/yaml");
    } catch (IOException e) {
      throw new Failure(ExitCode.USAGE, "Standard input cannot be read.", "-f FILE", "", e);
    }
  }

  /** A broken file keeps its own name, so that the service can tell its mistakes by place. */
  private static String name(Path file, byte[] bytes) {
    try (JsonParser parser = new YAMLFactory().createParser(bytes)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean wanted = parser.currentName().equals("name");
        parser.nextToken();
        if (wanted && parser.currentToken() == JsonToken.VALUE_STRING) {
          return parser.getText().isEmpty() ? fallback(file) : parser.getText();
        }
        parser.skipChildren();
      }
    } catch (IOException e) {
      return fallback(file);
    }
    return fallback(file);
  }

  private static String fallback(Path file) {
    String name = String.valueOf(file.getFileName()).replaceFirst("\\.[^.]*$", "");
    String plain = name.toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9-]+", "-");
    return plain.isEmpty() ? "blueprint" : plain;
  }
}
