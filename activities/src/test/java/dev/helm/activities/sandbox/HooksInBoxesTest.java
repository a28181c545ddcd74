package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.hook.BoxHooks;
import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.run.Plans;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Hook;
import dev.helm.api.blueprint.HookEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hooks where they really run: in a container that the agent cannot reach. */
@Tag("engine")
@Timeout(180)
final class HooksInBoxesTest {
  private static final SlotDoor NO_DOOR =
      new SlotDoor() {
        @Override
        public AutoCloseable open(String slot, Path socketDirectory, int ownerUid) {
          return () -> {};
        }
      };

  private TestEngine machine;
  private DockerSandbox sandbox;
  private final String run = TestEngine.newRun();

  @BeforeEach
  void open() throws IOException {
    machine = TestEngine.open(0, List.of());
    sandbox = machine.sandbox(machine.store(), NO_DOOR);
  }

  @AfterEach
  void close() throws IOException {
    if (sandbox != null) {
      sandbox.close();
    }
    if (machine != null) {
      machine.close();
    }
  }

  private HookRunner.Output ask(String script, long timeoutMs) {
    Hook hook = new Hook("", List.of("./h.sh", "-v"), timeoutMs);
    Blueprint plan =
        Plans.with(
            Plans.open(),
            Map.of(),
            Map.of(HookEvent.PRE_TOOL_USE, List.of(hook)),
            Map.of("h.sh", "#!/bin/sh\n" + script + "\n", "lib/words", "given\n"));
    return new BoxHooks(sandbox.boxes())
        .run(run, plan, hook, "{\"a\":1}\n".getBytes(StandardCharsets.UTF_8), () -> false);
  }

  private static String text(HookRunner.Output output) {
    return new String(output.out(), StandardCharsets.UTF_8);
  }

  @Test
  void aHookReadsItsInputItsFilesAndTheWorkspaceAndWritesNeither() throws Exception {
    Files.writeString(machine.workspaces.create(run).resolve("in.txt"), "of the agent\n");
    HookRunner.Output output =
        ask(
            "cat; cat \"$HELM_HOOK_FILES/lib/words\" in.txt; echo $1; pwd;"
                + " echo x > \"$HELM_HOOK_FILES/h.sh\" || echo x > in.txt; ls /sys/class/net;"
                + " exit 2",
            60_000);
    assertThat(output.broken()).isNull();
    assertThat(output.code()).isEqualTo(2);
    assertThat(text(output)).isEqualTo("{\"a\":1}\ngiven\nof the agent\n-v\n/workspace\nlo\n");
    assertThat(output.words()).contains("Read-only file system");
    HookRunner.Output second = ask("true", 60_000);
    assertThat(second.broken()).isNull();
    assertThat(second.code()).isZero();
  }

  @Test
  void aPreviewsCommandReadsTheWorkspaceAndCannotChangeIt() throws Exception {
    var workspace = machine.workspaces.create(run);
    Files.writeString(workspace.resolve("in.txt"), "of the agent\n");
    HookRunner.Output output =
        new BoxHooks(sandbox.boxes())
            .read(
                run,
                List.of("sh", "-c", "cat - in.txt; echo $WORD; echo x > in.txt; rm in.txt"),
                Map.of("WORD", "given"),
                60_000,
                "{\"a\":1}\n".getBytes(StandardCharsets.UTF_8),
                () -> false);
    assertThat(output.broken()).isNull();
    assertThat(output.code()).isNotZero();
    assertThat(text(output)).isEqualTo("{\"a\":1}\nof the agent\ngiven\n");
    assertThat(output.words()).contains("Read-only file system");
  }

  @Test
  void aHookThatHangsFloodsOrIsMissingIsBroken() {
    assertThat(ask("sleep 600", 2_000).broken()).contains("longer than 2 s");
    assertThat(ask("cat /dev/zero", 30_000).broken()).contains("256 KiB");
    assertThat(ask("exec >&-; sleep 600", 2_000).broken()).contains("longer than 2 s");
    Hook missing = new Hook("", List.of("no-such-program"), 5_000);
    assertThat(
            new BoxHooks(sandbox.boxes())
                .run(run, Plans.open(), missing, new byte[0], () -> false)
                .broken())
        .contains("no-such-program");
    assertThat(
            new BoxHooks(sandbox.boxes())
                .run(
                    run,
                    Plans.open(),
                    new Hook("", List.of("sleep", "600"), 60_000),
                    new byte[0],
                    () -> true)
                .broken())
        .contains("interrupted");
  }
}
