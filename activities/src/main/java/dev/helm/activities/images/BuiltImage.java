package dev.helm.activities.images;

import java.util.List;
import java.util.Map;

/**
 * An image that the engine has and that runs the executor.
 *
 * @param id {@code sha256:…}
 * @param programs for each package of the recipe the programs that it brings, all found in the
 *     PATH; the one that runs it comes first
 */
public record BuiltImage(String id, Map<String, List<String>> programs) {
  /** Keeps copies. */
  public BuiltImage {
    programs = Map.copyOf(programs);
  }
}
