package dev.helm.cli.launch;

import java.util.List;

/**
 * Dynamic configuration of the Temporal development server; measured, see temporal-dev/README.md.
 */
public final class TemporalTuning {
  /** {@code KEY=VALUE} each. */
  public static final List<String> DYNAMIC_CONFIG =
      List.of(
          "history.transferProcessorMaxPollRPS=2000",
          "history.timerProcessorMaxPollRPS=2000",
          "system.enableActivityEagerExecution=true",
          "matching.numTaskqueueReadPartitions=1",
          "matching.numTaskqueueWritePartitions=1");

  private TemporalTuning() {}
}
