package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.helm.activities.workspace.WorkspaceLimits;
import dev.helm.activities.workspace.WorkspacePath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Containers that fill all they can write, on a disk of their own and without one. */
@Tag("engine")
@Timeout(240)
@SuppressWarnings("NullAway.Init") // opened by each test, closed after it
final class WorkspaceFillTest {
  private static final WorkspaceLimits SMALL = new WorkspaceLimits(96L << 20, 3_000, 128);
  private static final String FILL = "head -c 400M /dev/zero > big; stat -c %s big";

  private TestEngine machine;
  private DockerSandbox sandbox;
  private int calls;

  private void open(boolean onDisks, WorkspaceLimits limits) throws IOException {
    if (onDisks) {
      assumeTrue(Workspaces.serviceUid() == 0, "needs root, to mount");
    }
    machine = TestEngine.open(0, List.of(), onDisks, limits);
    sandbox = machine.sandbox(machine.store());
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

  private record Said(String text, EffectExit exit) {}

  private Said run(Slot slot, ToolCommand command) throws Exception {
    Collected output = new Collected(0);
    Execution execution =
        sandbox.execute(slot.run(), EffectAttempt.first("k" + calls++, slot), command, output);
    EffectOutcome outcome = execution.outcome().get(120, TimeUnit.SECONDS);
    execution.acknowledge();
    assertThat(outcome).isInstanceOf(EffectOutcome.Ended.class);
    return new Said(output.text(), ((EffectOutcome.Ended) outcome).exit());
  }

  private Said bash(Slot slot, String line) throws Exception {
    return run(slot, ToolCommand.of("/bin/bash", "-c", "{ " + line + "; } 2>&1"));
  }

  private String tool(Slot slot, String name, String arguments) throws Exception {
    return run(
            slot,
            ToolCommand.of(SandboxSettings.EXECUTOR, "tool", name)
                .withStdin(arguments.getBytes(StandardCharsets.UTF_8)))
        .text();
  }

  private static final String WRITE =
      "{\"file_path\":\"note.txt\",\"content\":\"" + "x".repeat(50_000) + "\"}";

  @Test
  void aDiskOfItsOwnBoundsBytesAndFilesAndHarmsNobody() throws Exception {
    open(true, SMALL);
    Slot slot = sandbox.claim(TestEngine.newRun());
    Slot neighbour = sandbox.claim(TestEngine.newRun());
    long before = Files.getFileStore(machine.home).getUsableSpace();

    assertThat(bash(slot, FILL).text()).contains("No space left on device");
    assertThat(Files.size(machine.inside(slot.run()).resolve("big"))).isLessThan(96L << 20);
    assertThat(tool(slot, "Write", WRITE))
        .contains("\"ok\":false")
        .contains("the workspace is full: ")
        .contains("MB used");
    // Beside the workspace it is the same disk.
    assertThat(bash(slot, "head -c 9M /dev/zero > /slot/more").text()).contains("No space left");
    assertThat(bash(neighbour, "head -c 60M /dev/zero > mine && echo fine").text())
        .isEqualTo("fine\n");
    assertThat(before - Files.getFileStore(machine.home).getUsableSpace()).isLessThan(600L << 20);

    assertThat(bash(slot, "rm -f big /slot/more && echo gone").text()).isEqualTo("gone\n");
    assertThat(tool(slot, "Write", WRITE)).contains("\"ok\":true");
    assertThat(bash(slot, "for i in $(seq 5000); do : > f$i || exit 7; done").text())
        .contains("No space left on device");
    assertThat(tool(slot, "Write", "{\"file_path\":\"one\",\"content\":\"\"}"))
        .contains("the workspace is full: ")
        .containsPattern("\\d+ of \\d+ files");
    assertThat(bash(slot, "find . -name 'f*' -delete; echo on").text()).isEqualTo("on\n");
    assertThat(tool(slot, "Write", WRITE)).contains("\"ok\":true");
  }

  @Test
  void insideOneSeesAMountOfItsOwnAndLinksNothingIn() throws Exception {
    open(true, SMALL);
    Slot slot = sandbox.claim(TestEngine.newRun());
    assertThat(bash(slot, "grep ' /slot ' /proc/self/mountinfo").text())
        .contains("nosuid")
        .contains("nodev")
        .contains("ext4");
    assertThat(bash(slot, "ln /etc/passwd p; ln /run/helm/ca.pem c; ls").text())
        .contains("ross-device")
        .doesNotContain("\np\n");
    assertThat(bash(slot, "mknod d c 1 3; mknod b b 7 0; ls").text()).doesNotContain("\nd\n");
  }

  @Test
  void namesAndDepthAreBoundedByTheWatcher() throws Exception {
    open(true, SMALL);
    Slot slot = sandbox.claim(TestEngine.newRun());
    Said names = bash(slot, "echo x > f; i=0; while :; do ln f l$((i++)) || sleep 1; done");
    assertThat(names.exit().reason()).isEqualTo(EffectExit.Reason.KILLED);
    assertThat(names.exit().message())
        .contains("workspace over its limit: it holds more than 3000 files");
    assertThat(tool(slot, "Write", WRITE)).contains("workspace over its limit");
    assertThat(tool(slot, "Read", "{\"file_path\":\"f\"}")).contains("\"ok\":true");
    assertThat(bash(slot, "find . -name 'l*' -delete; echo gone").text()).isEqualTo("gone\n");
    assertThat(tool(slot, "Write", WRITE)).contains("\"ok\":true");

    Said deep = bash(slot, "for i in $(seq 300); do mkdir d && cd d; done; sleep 60");
    assertThat(deep.exit().message()).contains("deeper than 128 directories");
    assertThat(bash(slot, "rm -rf d && echo gone").text()).isEqualTo("gone\n");
    assertThat(tool(slot, "Write", WRITE)).contains("\"ok\":true");
  }

  @Test
  void aPlainDirectoryIsWatched() throws Exception {
    open(false, SMALL);
    Slot slot = sandbox.claim(TestEngine.newRun());
    Said filled = bash(slot, "while :; do head -c 8M /dev/zero >> big; sleep 0.02; done");
    assertThat(filled.exit().reason()).isEqualTo(EffectExit.Reason.KILLED);
    assertThat(filled.exit().message()).contains("it takes more than 96 MB").contains("diskMb");
    assertThat(tool(slot, "Write", WRITE)).contains("workspace over its limit");
    assertThat(tool(slot, "WriteRow", "{\"file_path\":\"a.csv\",\"rows\":[{\"a\":1}]}"))
        .contains("workspace over its limit");
    assertThat(tool(slot, "Grep", "{\"pattern\":\"x\",\"glob\":\"*.none\"}"))
        .contains("\"ok\":true");
    // Growing on is ended again, deleting is not.
    assertThat(
            bash(slot, "while :; do head -c 8M /dev/zero >> big2; sleep 0.02; done")
                .exit()
                .message())
        .contains("over its limit");
    assertThat(bash(slot, "rm big big2; sleep 0.5; echo gone").text()).isEqualTo("gone\n");
    assertThat(tool(slot, "Write", WRITE)).contains("\"ok\":true");
    // A directory that nobody may look into could hide anything; root looks into it.
    if (Workspaces.serviceUid() != 0) {
      assertThat(bash(slot, "mkdir -p h; chmod 0 h; sleep 20").exit().message()).contains("locked");
    }
  }

  /** Control: with neither a disk nor a near limit the same fill goes through. */
  @Test
  void withoutBothTheFillGoesThrough() throws Exception {
    open(false, WorkspaceLimits.DEFAULT);
    Slot slot = sandbox.claim(TestEngine.newRun());
    assertThat(bash(slot, FILL).text()).isEqualTo((400L << 20) + "\n");
  }

  @Test
  void aWorkspaceGoesHomeFromItsDiskAndComesBack() throws Exception {
    open(true, SMALL);
    String run = TestEngine.newRun();
    Slot slot = sandbox.claim(run);
    bash(
        slot,
        "echo kept > file; mkdir -p a/b; ln -s ../file a/l; chmod 600 file; mkfifo p;"
            + " echo beside > /slot/beside; chmod 0 a/b");
    sandbox.release(run);
    Path home = machine.workspaces.home(run);
    assertThat(home.resolve("file")).hasContent("kept\n");
    assertThat(Files.readSymbolicLink(home.resolve("a/l"))).isEqualTo(Path.of("../file"));
    assertThat(home.resolve("p")).doesNotExist();
    assertThat(machine.home.resolve("workspaces/" + run + ".left-out.txt"))
        .content()
        .contains("1 sockets, FIFOs or devices")
        .contains("p: ");
    assertThat(machine.home.resolve("workspaces/found-" + slot.id() + "/beside"))
        .hasContent("beside\n");
    assertThat(machine.home.resolve("boxes")).isEmptyDirectory();
    assertThat(machine.home.resolve("disks")).isEmptyDirectory();

    Slot next = sandbox.claim(run);
    assertThat(home).doesNotExist();
    assertThat(bash(next, "cat file; stat -c %a file a/b; readlink a/l").text())
        .isEqualTo("kept\n600\n0\n../file\n");
    assertThat(sandbox.files(run).read(WorkspacePath.of("file"), 10)).hasSize(5);
    // A crash of the service: the next one adopts the container with its disk.
    sandbox.close();
    sandbox = machine.sandbox(machine.store());
    assertThat(sandbox.claim(run)).isEqualTo(next);
    assertThat(bash(next, "cat file").text()).isEqualTo("kept\n");
    machine.engine.client().killContainerCmd(TestEngine.containerOf(next)).exec();
    sandbox.release(run);
    assertThat(home.resolve("file")).hasContent("kept\n");
  }
}
