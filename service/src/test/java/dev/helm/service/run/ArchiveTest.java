package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.practice.PracticeModel;
import dev.helm.cli.verify.Report;
import dev.helm.cli.verify.Verifier;
import dev.helm.service.audit.Audit;
import dev.helm.service.rest.Backend;
import dev.helm.service.rest.RunControl;
import dev.helm.service.store.BundleStore;
import dev.helm.service.store.Store;
import dev.helm.service.stream.StreamHub;
import dev.helm.workflows.replay.ReplayMain;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run on the real Temporal server leaves its history in the store, and the export replays. */
@Tag("engine")
class ArchiveTest {
  @Test
  @Timeout(value = 4, unit = TimeUnit.MINUTES)
  void anEndedRunIsExportedWithItsHistoryWhichReplays(@TempDir Path home) throws Exception {
    Files.createDirectories(home.resolve("keys"));
    Files.createDirectories(home.resolve("run"));
    Files.writeString(home.resolve("keys").resolve("ledger.secret"), "0".repeat(64));
    Path scenarios = Path.of("src/test/resources/longrun");
    try (PracticeModel model = PracticeModel.start(0, List.of(scenarios), false);
        TemporalServer temporal = TemporalServer.start(home);
        Store store = Store.open(home, Clock.systemUTC());
        StreamHub hub = new StreamHub(store)) {
      Backend backend =
          LiveBackend.open(LongRun.settings(home, temporal, model.port()), store, hub);
      try (Audit audit =
          Audit.open(
              home, store, Clock.systemUTC(), "0.1.0", backend.histories(), (_, _, _) -> false)) {
        audit.start();
        backend.start();
        String run = LongRun.create(store, 21);
        start(backend.control(), run);
        Path open = export(audit, run, home.resolve("open.zip"));
        assertThat(verify(open).faults()).isEmpty();
        assertThat(replay(open)).doesNotContain("\"kind\":\"fault\"");
        while (LongRun.status(store, run).active()) {
          TimeUnit.MILLISECONDS.sleep(100);
        }
        while (store.bundles().archived(run).isEmpty()) {
          TimeUnit.MILLISECONDS.sleep(100);
        }
        assertThat(store.bundles().archived(run))
            .containsExactly(new BundleStore.Archived(run + "-1", null));
        Path whole = export(audit, run, home.resolve("whole.zip"));
        assertThat(verify(whole).faults()).isEmpty();
        assertThat(replay(whole))
            .contains("\"kind\":\"checked\"")
            .doesNotContain("\"kind\":\"fault\"")
            .doesNotContain("does not have all histories");
      }
      backend.close();
    }
  }

  private static void start(RunControl control, String run) throws InterruptedException {
    while (true) {
      try {
        control.start(run);
        return;
      } catch (RunControl.WorkflowsDown e) {
        TimeUnit.MILLISECONDS.sleep(200);
      }
    }
  }

  static Path export(Audit audit, String run, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      audit.exports().of(run).write(out);
    }
    return file;
  }

  static Report verify(Path file) throws IOException {
    return new Verifier(file, "", null).verify();
  }

  static String replay(Path file) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ReplayMain.replay(file, new PrintStream(out, true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }
}
