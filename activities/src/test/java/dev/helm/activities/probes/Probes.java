package dev.helm.activities.probes;

import java.util.List;
import java.util.stream.Stream;

/** The table of all probes. */
final class Probes {
  private Probes() {}

  static List<Probe> all() {
    return Stream.of(
            KernelProbes.all(),
            ProcessProbes.all(),
            FileProbes.all(),
            NetworkProbes.all(),
            ExecutorProbes.all(),
            ResourceProbes.all(),
            LitterProbes.all())
        .flatMap(List::stream)
        .toList();
  }
}
