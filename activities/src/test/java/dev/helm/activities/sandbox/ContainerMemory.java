package dev.helm.activities.sandbox;

import com.github.dockerjava.api.model.MemoryStatsConfig;
import com.github.dockerjava.api.model.Statistics;
import com.github.dockerjava.core.InvocationBuilder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What the containers of a machine hold, as their cgroups say it. */
final class ContainerMemory {
  private ContainerMemory() {}

  /** MB of each running container, least first; pages that the kernel can drop are left out. */
  static List<Double> megabytes(TestEngine machine) {
    List<Double> all = new ArrayList<>();
    for (String id : machine.engine.list(machine.settings.installation()).keySet()) {
      try {
        InvocationBuilder.AsyncResultCallback<Statistics> answer =
            new InvocationBuilder.AsyncResultCallback<>();
        machine.engine.client().statsCmd(id).withNoStream(true).exec(answer);
        MemoryStatsConfig memory =
            Objects.requireNonNull(answer.awaitResult().getMemoryStats(), "no figures");
        if (memory.getUsage() != null) {
          var parts = memory.getStats();
          Long idle = parts == null ? null : parts.getInactiveFile();
          if (idle == null) {
            idle = parts == null ? null : parts.getTotalInactiveFile();
          }
          all.add((memory.getUsage() - (idle == null ? 0 : idle)) / 1e6);
        }
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
    return all.stream().sorted().toList();
  }
}
