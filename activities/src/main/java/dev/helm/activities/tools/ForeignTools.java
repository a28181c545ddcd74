package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.store.Runs;
import org.jspecify.annotations.Nullable;

/** Tools that an agent's own runtime carries out. */
@FunctionalInterface
public interface ForeignTools {
  /** No runtime but Helm's. */
  ForeignTools NONE = (run, tool) -> null;

  /** What such a tool does, or null when Helm carries it out. */
  @Nullable Effect effect(Runs.Info run, String tool);

  /** What the arguments of such a tool have to be, or null when the runtime alone looks at them. */
  default @Nullable JsonNode schema(Runs.Info run, String tool) {
    return null;
  }
}
