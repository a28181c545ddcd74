package dev.helm.activities.probes;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.github.dockerjava.api.model.HostConfig;
import java.util.List;

/** A request for a container in which nothing of /proc and /sys is masked or read-only. */
final class Unmasked extends HostConfig {
  private static final long serialVersionUID = 1L;

  /** Sent as an empty list, which the engine takes at its word. */
  @JsonProperty("MaskedPaths")
  List<String> maskedPaths() {
    return List.of();
  }

  /** Likewise. */
  @JsonProperty("ReadonlyPaths")
  List<String> readonlyPaths() {
    return List.of();
  }
}
