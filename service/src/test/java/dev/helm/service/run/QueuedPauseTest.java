package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.RunStatus;
import dev.helm.api.event.LoggedEvent;
import dev.helm.service.store.RunQueries;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pause, also of the emergency stop, of a run whose workflow is not there yet. */
class QueuedPauseTest {
  @TempDir private Path temporalHome;
  @TempDir private Path home;

  @Test
  void itBeginsPausedAndStartingItLaterChangesNothing() throws Exception {
    try (TemporalServer temporal = TemporalServer.start(temporalHome);
        EpochsRig rig = new EpochsRig(home, temporal, turn -> List.of())) {
      RunQueries.NewRun wanted = rig.wanted();
      String run = wanted.run();
      rig.store.queries().create(wanted);
      rig.control.pause(run, "ada", "p1");
      rig.control.start(run);
      rig.await(run, RunStatus.PAUSED);
      assertThat(rig.model.asked).isEmpty();
      assertThat(rig.events(run))
          .extracting(LoggedEvent::type)
          .endsWith("run.started", "run.paused");
      rig.control.resume(run, "ada", "r1");
      rig.await(run, RunStatus.SUCCEEDED);
    }
  }
}
