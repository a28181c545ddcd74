package dev.helm.service.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.snapshot.Patch;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.workspace.WorkspaceLimits;
import dev.helm.api.event.RunEvent;
import dev.helm.service.files.PlainSandbox;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.Fact;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RunPatchTest {
  @TempDir Path home;

  private Store store;
  private Snapshots snapshots;
  private RunPatch patch;
  private Path workspace;
  private String run;

  @BeforeEach
  void begin() {
    store = Store.open(home, Clock.systemUTC());
    PlainSandbox sandbox = new PlainSandbox(home);
    snapshots = new Snapshots(home, sandbox, WorkspaceLimits.DEFAULT, Clock.systemUTC());
    patch = new RunPatch(store.files(), snapshots);
    run = StoreFixture.run(store);
    workspace = sandbox.workspace(run);
  }

  @AfterEach
  void end() {
    store.close();
  }

  private long take() throws IOException {
    String tree = snapshots.take(run).tree();
    return store
        .log()
        .append(
            run,
            List.of(
                new Fact(
                    "s", "main", new RunEvent.SnapshotTaken("s".repeat(16), "t1", tree, 1, 1, 1))))
        .getFirst();
  }

  /** Counts, and keeps the beginning. */
  private static final class Counted extends OutputStream {
    private final ByteArrayOutputStream begin = new ByteArrayOutputStream();
    private long bytes;
    private long longest;

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] all, int from, int length) {
      begin.write(all, from, Math.min(length, Math.max(0, 4096 - begin.size())));
      bytes += length;
      longest = Math.max(longest, length);
    }
  }

  @Test
  void aLargePatchComesFileByFileAndEndsAtItsLimit() throws Exception {
    Random random = new Random(1);
    for (int i = 0; i < 40; i++) {
      byte[] noise = new byte[1 << 20];
      random.nextBytes(noise);
      Files.write(workspace.resolve("f%02d".formatted(i)), noise);
    }
    long seq = take();
    Counted out = new Counted();
    assertThat(patch.write(run, seq, out)).isTrue();
    assertThat(out.begin.toString(StandardCharsets.UTF_8))
        .contains("left out: f39: it is too large");
    assertThat(out.bytes).isBetween((long) Patch.BYTES_MAX, 2L * Patch.BYTES_MAX);
    assertThat(out.longest).isLessThan(4 << 20);
  }

  @Test
  void aReaderWhoGoesIsNoMissingPatch() throws Exception {
    Files.writeString(workspace.resolve("a"), "text\n");
    long seq = take();
    OutputStream gone =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("the reader has gone");
          }
        };
    assertThatThrownBy(() -> patch.write(run, seq, gone)).hasMessage("the reader has gone");
  }

  @Test
  void whatCannotBeReadLeavesTheRestOfTheExport() throws Exception {
    Files.writeString(workspace.resolve("a"), "text\n");
    long seq = take();
    try (Stream<Path> kept = Files.walk(home.resolve("snapshots"))) {
      for (Path file : kept.filter(Files::isRegularFile).toList()) {
        if (file.toString().contains("objects")) {
          Files.delete(file);
        }
      }
    }
    assertThat(patch.write(run, seq, new ByteArrayOutputStream())).isFalse();
    assertThat(patch.write("0".repeat(32), seq, new ByteArrayOutputStream())).isFalse();
  }
}
