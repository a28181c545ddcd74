package dev.helm.api.blueprint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The JSON Schema (draft 2020-12) of a blueprint's source, for editors. */
public final class BlueprintSchema {
  /** Where the service publishes it. */
  public static final String PATH = "/blueprint.schema.json";

  private BlueprintSchema() {}

  /** Its JSON text. */
  public static String json() {
    try (InputStream in =
        Objects.requireNonNull(
            BlueprintSchema.class.getResourceAsStream("blueprint.schema.json"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("the blueprint's schema of this build is broken", e);
    }
  }
}
