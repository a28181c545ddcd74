package dev.helm.service.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.cli.verify.Report;
import dev.helm.service.store.AuditStore;
import dev.helm.service.store.StoreFixture;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ExportTest {
  @TempDir Path home;

  @Test
  void anExportIsVerifiedAndReadByOthers() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      String run = sealed.run(new Random(1), 120, true);
      Path file = sealed.export(run);
      Report report = Sealed.verify(file, sealed.audit.key().id(), null);
      assertThat(report.faults()).isEmpty();
      assertThat(report.verified()).isTrue();
      assertThat(report.checked()).contains("the signer is the pinned key");
      try (ZipFile zip = new ZipFile(file.toFile())) {
        List<String> names =
            Collections.list(zip.entries()).stream().map(ZipEntry::getName).toList();
        assertThat(names)
            .contains(
                "manifest.json",
                "events.jsonl",
                "checkpoints.jsonl",
                "public-key.pem",
                "workspace.patch");
        assertThat(names).anyMatch(name -> name.startsWith("blobs/"));
        for (ZipEntry entry : Collections.list(zip.entries())) {
          assertThat(zip.getInputStream(entry).readAllBytes()).hasSize((int) entry.getSize());
        }
      }
    }
  }

  @Test
  void onePersonHasOneExportAtATimeAndAllHaveADeadline() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      String run = sealed.run(new Random(1), 3, true);
      Exports exports = sealed.audit.exports();
      Exports.Export first = exports.of(run, "eve");
      assertThatThrownBy(() -> exports.of(run, "eve")).isInstanceOf(Exports.BusyException.class);
      exports.of(run, "ada").write(OutputStream.nullOutputStream());
      first.write(OutputStream.nullOutputStream());
      exports.of(run, "eve");
      for (int i = 1; i < Exports.AT_ONCE_MAX; i++) {
        exports.of(run, "p" + i);
      }
      assertThatThrownBy(() -> exports.of(run, "ada")).isInstanceOf(Exports.BusyException.class);
      Exports hurried =
          new Exports(
              sealed.store,
              new Checkpointer(
                  sealed.store.checkpoints(), AuditKey.of(home), Clock.systemUTC(), null),
              Clock.systemUTC(),
              "0",
              _ -> {},
              (_, _, _) -> false,
              0);
      assertThatThrownBy(() -> hurried.of(run, "ada").write(OutputStream.nullOutputStream()))
          .hasMessageContaining("longer than one may");
      hurried.of(run, "ada");
    }
  }

  @Test
  void aRunThatGoesOnIsExportedUpToItsLastEvent() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      sealed.audit.start();
      String run = StoreFixture.run(sealed.store);
      Thread writer =
          Thread.startVirtualThread(
              () -> {
                for (int i = 0; i < 3_000; i++) {
                  sealed
                      .store
                      .log()
                      .append(run, List.of(StoreFixture.output("o" + i, "text " + i)));
                }
              });
      List<Path> made = new ArrayList<>();
      while (writer.isAlive() && made.size() < 20) {
        made.add(sealed.export(run));
      }
      writer.join();
      made.add(sealed.export(run));
      for (Path file : made) {
        assertThat(Sealed.verify(file).faults()).isEmpty();
      }
      // No stretch of more than a hundred events goes without a checkpoint.
      assertThat(sealed.store.checkpoints().page(run, 0, 1000))
          .extracting(checkpoint -> checkpoint.seq())
          .contains(100L, 200L, 1000L, 3000L, 3001L);
    }
  }

  @Test
  void theAuditLogIsExportedLikeARun() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      for (int i = 0; i < 5; i++) {
        sealed
            .store
            .audit()
            .append(
                new AuditStore.Entry(
                    AuditStore.Type.CHANGED, "k" + i, "ada", Map.of("path", "/api/runs")));
      }
      Report report = Sealed.verify(sealed.export("audit"));
      assertThat(report.faults()).isEmpty();
      assertThat(report.about()).containsEntry("events", 5L).containsEntry("run", "audit");
    }
  }

  @Test
  void anEmptyAuditLogAndARunOfOneEventVerify() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      assertThat(Sealed.verify(sealed.export("audit")).faults()).isEmpty();
      String run = StoreFixture.run(sealed.store);
      assertThat(Sealed.verify(sealed.export(run)).faults()).isEmpty();
      assertThat(Sealed.verify(sealed.export(run)).about()).containsEntry("events", 1L);
    }
  }

  @Test
  void anotherKeySignsAfterTheOldOneWasTakenAway() throws Exception {
    String run;
    String old;
    try (Sealed sealed = new Sealed(home)) {
      run = sealed.run(new Random(2), 20, true);
      sealed.export(run);
      old = sealed.audit.key().id();
    }
    Files.delete(home.resolve("keys").resolve("audit.key"));
    try (Sealed sealed = new Sealed(home)) {
      Path file = sealed.export(run);
      assertThat(sealed.audit.key().id()).isNotEqualTo(old);
      Report report = Sealed.verify(file, sealed.audit.key().id(), null);
      assertThat(report.faults()).isEmpty();
      assertThat(report.notes()).anyMatch(note -> note.contains("earlier keys"));
      assertThat(Sealed.verify(file, old, null).verified()).isFalse();
    }
  }

  @Test
  void theSameLogGivesTheSameEvents() throws Exception {
    try (Sealed sealed = new Sealed(home)) {
      String run = sealed.run(new Random(3), 30, true);
      byte[] first = entry(sealed.export(run), "events.jsonl");
      assertThat(entry(sealed.export(run), "events.jsonl")).isEqualTo(first);
    }
  }

  private static byte[] entry(Path file, String name) throws Exception {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      return zip.getInputStream(zip.getEntry(name)).readAllBytes();
    }
  }
}
