package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/**
 * Which system calls a container may make. An allow-list: what {@code seccomp.json} does not name
 * fails with EPERM. It allows nothing that the default profiles of Docker 20.10.24 and of moby's
 * profiles/seccomp v0.2.3 refuse to a container without capabilities, and less in most families.
 */
final class SeccompProfile {
  private static final String JSON = load();

  private SeccompProfile() {}

  /** As the engine takes it in {@code SecurityOpt}, and as it must say it back. */
  static String option() {
    return "seccomp=" + JSON;
  }

  static String json() {
    return JSON;
  }

  private static String load() {
    try (InputStream in =
        Objects.requireNonNull(SeccompProfile.class.getResourceAsStream("seccomp.json"))) {
      return new ObjectMapper().readTree(in).toString();
    } catch (IOException e) {
      throw new IllegalStateException("the seccomp profile of this build is broken", e);
    }
  }
}
