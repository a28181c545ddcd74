package dev.helm.activities.foreign;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.store.Runs;
import org.jspecify.annotations.Nullable;

/** One kind of foreign agent: what makes its drivers. */
public interface DriverKind {
  /** A driver for this run that is not started. */
  AgentDriver driver(Runs.Info run);

  /** Whether the runtime carries out calls of this tool by itself, once they are allowed. */
  default boolean performs(Runs.Info run, String tool) {
    return false;
  }

  /** What the arguments of such a tool have to be, or null when the runtime alone looks at them. */
  default @Nullable JsonNode schema(Runs.Info run, String tool) {
    return null;
  }
}
