package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which engines can keep the promises that the checklists look for. */
final class EngineSupport {
  private static final String INSTEAD =
      "; use an engine that runs as root (DOCKER_HOST=unix:///var/run/docker.sock), or let Helm"
          + " start its own (HELM_ENGINE=own)";

  private EngineSupport() {}

  /**
   * Why no container may be made with this engine, in words for people; null if it will do.
   *
   * @param info the engine's answer to {@code /info}
   */
  static @Nullable String whyNot(JsonNode info) {
    List<String> options = new ArrayList<>();
    info.path("SecurityOptions").forEach(option -> options.add(option.asText()));
    if (has(options, "name=rootless")) {
      return "the container engine runs rootless, which is not yet supported: its limits and file"
          + " owners follow other rules"
          + INSTEAD;
    }
    if (has(options, "name=userns")) {
      return "the container engine maps users (userns-remap), which is not yet supported: a"
          + " container could not write its workspace"
          + INSTEAD;
    }
    if (!has(options, "name=seccomp")) {
      return "the container engine has no seccomp, so nothing would bound the system calls of"
          + " agents"
          + INSTEAD;
    }
    String runtime = info.path("DefaultRuntime").asText("runc");
    if (!runtime.equals("runc")) {
      return "the container engine's runtime is "
          + runtime
          + ", which is not yet supported; make runc its default runtime";
    }
    for (String limit : List.of("MemoryLimit", "PidsLimit", "CpuCfsQuota")) {
      if (!info.path(limit).asBoolean()) {
        return "the container engine cannot bound containers here ("
            + limit
            + "); mount the cgroup controllers memory, pids and cpu, then start it again";
      }
    }
    return null;
  }

  private static boolean has(List<String> options, String name) {
    return options.stream()
        .anyMatch(option -> option.equals(name) || option.startsWith(name + ","));
  }
}
