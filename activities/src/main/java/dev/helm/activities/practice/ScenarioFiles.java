package dev.helm.activities.practice;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Reads scenario files: {@code scenario.yaml} and {@code *.scenario.yaml}. */
final class ScenarioFiles {
  private static final int DEPTH = 3;
  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .build();

  private ScenarioFiles() {}

  /**
   * Reads every scenario below the folders, in the order of folders and then of paths.
   *
   * @throws IllegalArgumentException for a mistake in a file; the message names file, line, column
   */
  static List<Scenario> read(List<Path> folders) throws IOException {
    List<Scenario> scenarios = new ArrayList<>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw new IllegalArgumentException(
            "--scenarios " + folder + " is not a folder; name one that holds scenario.yaml files");
      }
      try (Stream<Path> files = Files.walk(folder, DEPTH)) {
        for (Path file : files.filter(ScenarioFiles::isScenario).sorted().toList()) {
          scenarios.add(readOne(file));
        }
      }
    }
    return List.copyOf(scenarios);
  }

  private static boolean isScenario(Path file) {
    String name = file.getFileName().toString();
    return (name.equals("scenario.yaml") || name.endsWith(".scenario.yaml"))
        && Files.isRegularFile(file);
  }

  private static Scenario readOne(Path file) throws IOException {
    try {
      return YAML.readValue(Files.readString(file), Scenario.class);
    } catch (JsonMappingException e) {
      // What a record's own check says is plainer than what Jackson wraps around it.
      String words =
          e.getCause() instanceof IllegalArgumentException own
              ? String.valueOf(own.getMessage())
              : e.getOriginalMessage();
      throw wrong(file, e, words + " (at " + path(e) + ")");
    } catch (JsonProcessingException e) {
      throw wrong(file, e, e.getOriginalMessage());
    }
  }

  private static IllegalArgumentException wrong(
      Path file, JsonProcessingException e, String message) {
    JsonLocation at = e.getLocation();
    String where = at == null ? "" : ":" + at.getLineNr() + ":" + at.getColumnNr();
    return new IllegalArgumentException(
        file + where + ": " + message + ". docs/practice-model.md lists every field.", e);
  }

  private static String path(JsonMappingException e) {
    StringBuilder path = new StringBuilder();
    for (JsonMappingException.Reference at : e.getPath()) {
      path.append(at.getFieldName() == null ? "[" + at.getIndex() + "]" : "." + at.getFieldName());
    }
    return path.isEmpty() ? "the top" : path.toString();
  }
}
