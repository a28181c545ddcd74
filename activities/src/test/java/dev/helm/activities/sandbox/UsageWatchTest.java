package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands that try to get rid of the one who watches them, in a plain directory. */
@Timeout(60)
@SuppressWarnings("NullAway.Init") // opened before each test
final class UsageWatchTest implements HostEvents {
  private static final String SLOT = "0123abcd";
  private static final String SECRET = "5".repeat(64);

  @TempDir private Path home;
  private Workspaces places;
  private UsageWatch watch;
  private LiveSlot live;

  @BeforeEach
  void open() throws IOException {
    places =
        new Workspaces(
            home, Workspaces.defaultOwnerUid(), null, new WorkspaceLimits(64L << 20, 100_000, 128));
    places.makeSlot(SLOT, new byte[] {1});
    watch = new UsageWatch(places);
    live =
        new LiveSlot(new SlotRecord(SLOT, "a".repeat(32), "c", "s", SECRET), SandboxLimits.DEFAULT);
    ExecutorHost host =
        ExecutorHost.open(
            home.resolve("x.sock"), Workspaces.defaultOwnerUid(), SECRET, false, this);
    host.expectPid((int) ProcessHandle.current().pid());
    live.host(host);
  }

  @AfterEach
  void close() {
    watch.close();
    live.close();
  }

  private Execution begin() {
    EffectHandle handle =
        live.host()
            .start(new EffectSpec("k", ToolCommand.of("/bin/true"), 0), (offset, data) -> {});
    return watch.attend(Executions.attended(handle, false), live, "k");
  }

  private static EffectExit killed(ScriptedExecutor executor, Execution execution)
      throws Exception {
    executor.expect("kill");
    executor.send(
        "{\"t\":\"exit\",\"key\":\"k\",\"code\":137,\"reason\":\"killed\",\"len\":0,\"total\":0,"
            + "\"dropped\":0}");
    EffectOutcome outcome = execution.outcome().get(30, TimeUnit.SECONDS);
    assertThat(outcome).isInstanceOf(EffectOutcome.Ended.class);
    return ((EffectOutcome.Ended) outcome).exit();
  }

  @Test
  void directoriesThatComeAndGoDoNotEndTheWatch() throws Exception {
    Process storm =
        new ProcessBuilder(
                "python3",
                "-c",
                "import os\nwhile True:\n os.mkdir('a')\n os.mkdir('b')\n os.rmdir('a')\n"
                    + " os.rmdir('b')")
            .directory(places.box(SLOT).toFile())
            .start();
    try (ScriptedExecutor executor = ScriptedExecutor.known(home.resolve("x.sock"), null, "")) {
      assertThat(live.host().awaitConnected(Duration.ofSeconds(5))).isTrue();
      Execution execution = begin();
      executor.expect("start");
      TimeUnit.SECONDS.sleep(3); // some ten looks into the storm
      Files.write(places.box(SLOT).resolve("big"), new byte[80 << 20]);
      assertThat(killed(executor, execution).message()).contains("it takes more than 64 MB");
    } finally {
      storm.destroyForcibly().waitFor();
    }
  }

  @Test
  void aWorkspaceThatCannotBeMeasuredEndsItsCommand() throws Exception {
    try (ScriptedExecutor executor = ScriptedExecutor.known(home.resolve("x.sock"), null, "")) {
      assertThat(live.host().awaitConnected(Duration.ofSeconds(5))).isTrue();
      Files.delete(places.box(SLOT));
      Execution execution = begin();
      executor.expect("start");
      assertThat(killed(executor, execution).message()).contains("could not be measured");
    }
  }

  @Override
  public void connected() {}

  @Override
  public void disconnected() {}

  @Override
  public void refused(String why) {}

  @Override
  public void misbehaved(String why) {}
}
