package dev.helm.activities.tools;

import java.util.List;
import java.util.Set;

/** Opens the way out for the time of one tool call. */
@FunctionalInterface
public interface EgressDoor {
  /** Lets the slot's container reach these hosts until the answer is closed. */
  Opening open(String run, String slot, String toolUseId, List<String> hosts);

  /** Hosts of the targets that the operator has listed, in lower case. */
  default Set<String> operatorHosts() {
    return Set.of();
  }

  /** An open way; closing it ends its connections. */
  interface Opening extends AutoCloseable {
    @Override
    void close();
  }
}
