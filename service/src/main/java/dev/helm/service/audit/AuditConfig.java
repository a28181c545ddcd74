package dev.helm.service.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * What the operator says of the audit in {@code config.yml}.
 *
 * @param anchor a file outside of Helm's home that gets each checkpoint, or null for none
 */
public record AuditConfig(@Nullable Path anchor) {
  private static final String NAME = "anchor";

  /**
   * Reads the file; a missing one is empty.
   *
   * @throws IllegalArgumentException when something of it is not understood
   */
  public static AuditConfig read(Path home) {
    Path file = home.resolve("config.yml");
    if (!Files.exists(file)) {
      return new AuditConfig(null);
    }
    try {
      JsonNode root = new YAMLMapper().readTree(Files.readString(file));
      return of(root == null ? null : root.get("audit"), home);
    } catch (IOException e) {
      throw new IllegalArgumentException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static AuditConfig of(@Nullable JsonNode audit, Path home) {
    if (audit == null || audit.isNull()) {
      return new AuditConfig(null);
    }
    for (Iterator<String> names = audit.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!name.equals(NAME)) {
        throw new IllegalArgumentException(
            "config.yml: audit has no member \"" + name + "\"; known is " + NAME);
      }
    }
    JsonNode anchor = audit.path(NAME);
    if (!anchor.isTextual() || !anchor.asText().startsWith("/")) {
      throw new IllegalArgumentException(
          "config.yml: audit.anchor has to be the absolute path of a file");
    }
    Path file = Path.of(anchor.asText()).normalize();
    if (file.startsWith(home)) {
      throw new IllegalArgumentException(
          "config.yml: audit.anchor has to lie outside of HELM_HOME: who changes the database there"
              + " would change the anchor with it");
    }
    return new AuditConfig(file);
  }
}
