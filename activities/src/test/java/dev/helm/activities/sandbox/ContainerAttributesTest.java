package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Device;
import com.github.dockerjava.api.model.DockerObjectAccessor;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.StreamType;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.Volume;
import dev.helm.activities.sandbox.ContainerChecklist.Finding;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Real containers, each made with one attribute off: the engine's answer shows it, and where the
 * kernel or the inside can tell, they show it too, so that a lying engine is found out.
 */
@Tag("engine")
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ContainerAttributesTest {
  private TestEngine machine;

  @BeforeAll
  void open() throws IOException {
    machine = TestEngine.open(0, List.of());
  }

  @AfterAll
  void close() throws IOException {
    if (machine != null) {
      machine.close();
    }
  }

  /** One attribute, and the finding of the engine's answer and of the kernel or the inside. */
  record Off(
      String name,
      BiConsumer<CreateContainerCmd, HostConfig> spoil,
      String answer,
      @Nullable String effective) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Off> attributes() {
    return Stream.of(
        new Off("root", (made, host) -> made.withUser("0:0"), "Config.User", "process Uid"),
        new Off(
            "another group", (made, host) -> made.withUser("1000:0"), "Config.User", "process Gid"),
        new Off(
            "one more group",
            (made, host) -> host.withGroupAdd(List.of("4")),
            "HostConfig.GroupAdd",
            "process Groups"),
        new Off(
            "capabilities kept",
            (made, host) -> host.withCapDrop(new Capability[0]),
            "HostConfig.CapDrop",
            "process CapBnd"),
        new Off(
            "one capability added",
            (made, host) -> host.withCapAdd(Capability.NET_RAW),
            "HostConfig.CapAdd",
            "process CapBnd"),
        new Off(
            "new privileges",
            (made, host) -> host.withSecurityOpts(List.of(SeccompProfile.option())),
            "HostConfig.SecurityOpt",
            "process NoNewPrivs"),
        new Off(
            "no seccomp",
            (made, host) ->
                host.withSecurityOpts(List.of("no-new-privileges", "seccomp=unconfined")),
            "HostConfig.SecurityOpt",
            "process Seccomp"),
        new Off(
            "the engine's own seccomp profile",
            (made, host) -> host.withSecurityOpts(List.of("no-new-privileges")),
            "HostConfig.SecurityOpt",
            "system call that must be refused"),
        new Off(
            "privileged",
            (made, host) -> host.withPrivileged(true),
            "HostConfig.Privileged",
            "process Seccomp"),
        new Off(
            "writable root",
            (made, host) -> host.withReadonlyRootfs(false),
            "HostConfig.ReadonlyRootfs",
            "mount /"),
        new Off(
            "temporary files with devices",
            (made, host) -> host.withTmpFs(Map.of("/tmp", "rw,exec,dev,suid,size=256m,mode=1777")),
            "HostConfig.Tmpfs",
            "mount /tmp"),
        new Off(
            "one more mount",
            (made, host) ->
                host.withBinds(more(host, new Bind("/etc", new Volume("/hosts"), AccessMode.ro))),
            "Mounts",
            "mount /hosts"),
        new Off(
            "the engine's socket",
            (made, host) ->
                host.withBinds(
                    more(
                        host,
                        new Bind(
                            System.getenv("HELM_TEST_DOCKER_HOST").substring("unix://".length()),
                            new Volume("/run/docker.sock")))),
            "Mounts",
            "mount /run/docker.sock"),
        new Off(
            "writable sockets",
            (made, host) ->
                host.withBinds(
                    Stream.of(host.getBinds())
                        .map(bind -> new Bind(bind.getPath(), bind.getVolume(), AccessMode.rw))
                        .toArray(Bind[]::new)),
            "Mounts",
            "mount /run/helm"),
        new Off(
            "no memory limit",
            (made, host) -> host.withMemory(0L).withMemorySwap(0L),
            "HostConfig.Memory",
            "memory in force"),
        new Off(
            "swap",
            (made, host) -> host.withMemorySwap(2L << 30),
            "HostConfig.MemorySwap",
            "swap in force"),
        new Off(
            "no limit of processes",
            (made, host) -> host.withPidsLimit(0L),
            "HostConfig.PidsLimit",
            "processes in force"),
        new Off(
            "no limit of the processor",
            (made, host) -> host.withNanoCPUs(0L),
            "HostConfig.NanoCpus",
            "thousandths of a CPU in force"),
        new Off(
            "more open files",
            (made, host) ->
                host.withUlimits(
                    List.of(new Ulimit("nofile", 9000L, 9000L), new Ulimit("core", 0L, 0L))),
            "HostConfig.Ulimits",
            "process limit Max open files"),
        new Off(
            "core dumps",
            (made, host) ->
                host.withUlimits(
                    List.of(new Ulimit("nofile", 4096L, 4096L), new Ulimit("core", 1L, 1L))),
            "HostConfig.Ulimits",
            null), // the executor gives itself none
        new Off(
            "the host's processes",
            (made, host) -> host.withPidMode("host"),
            "HostConfig.PidMode",
            "process NSpid"),
        new Off(
            "the host's network",
            (made, host) -> {
              made.withNetworkDisabled(false).withHostName("");
              host.withNetworkMode("host");
            },
            "HostConfig.NetworkMode",
            "namespace net"),
        new Off(
            "the host's memory segments",
            (made, host) -> host.withIpcMode("host"),
            "HostConfig.IpcMode",
            "namespace ipc"),
        new Off(
            "the host's cgroups",
            (made, host) -> host.withCgroupnsMode("host"),
            "HostConfig.CgroupnsMode",
            "namespace cgroup"),
        new Off(
            "a device",
            (made, host) -> host.withDevices(List.of(new Device("rwm", "/dev/helm", "/dev/null"))),
            "HostConfig.Devices",
            "device"),
        new Off(
            "a whole kind of devices",
            (made, host) -> host.withDeviceCgroupRules(List.of("b 254:* rmw")),
            "HostConfig.DeviceCgroupRules",
            null),
        new Off(
            "nothing masked",
            (made, host) -> raw(host, "MaskedPaths", List.of()),
            "HostConfig.MaskedPaths",
            "path that must be masked"),
        new Off(
            "nothing kept from being written",
            (made, host) -> raw(host, "ReadonlyPaths", List.of()),
            "HostConfig.ReadonlyPaths",
            null),
        new Off(
            "the kernel may not end it when memory is short",
            (made, host) -> host.withOomScoreAdj(-500),
            "HostConfig.OomScoreAdj",
            null),
        new Off(
            "another cgroup parent",
            (made, host) -> host.withCgroupParent("/elsewhere"),
            "HostConfig.CgroupParent",
            null),
        new Off(
            "started again by the engine",
            (made, host) ->
                host.withRestartPolicy(
                    com.github.dockerjava.api.model.RestartPolicy.alwaysRestart()),
            "HostConfig.RestartPolicy",
            null),
        new Off(
            "variables of somebody else",
            (made, host) -> made.withEnv("LD_PRELOAD=/slot/x.so"),
            "Config.Env",
            null),
        new Off(
            "another program",
            (made, host) -> made.withEntrypoint("/bin/sleep", "100"),
            "Config.Entrypoint",
            null));
  }

  /** For members that docker-java's model of the request does not have. */
  private static void raw(HostConfig host, String member, Object value) {
    DockerObjectAccessor.overrideRawValue(host, member, value);
  }

  private static Bind[] more(HostConfig host, Bind bind) {
    return Stream.concat(Stream.of(host.getBinds()), Stream.of(bind)).toArray(Bind[]::new);
  }

  @ParameterizedTest
  @MethodSource("attributes")
  void eachAttributeThatIsOffIsFound(Off off) throws Exception {
    try (Engine engine = spoiling(off.spoil())) {
      String slot = Ids.newSlot();
      machine.workspaces.makeSlot(slot, new byte[0]);
      ContainerPlan plan = machine.plan(slot);
      String container = engine.create(plan);
      try {
        assertThat(attributesOf(ContainerChecklist.check(inspect(container), plan)))
            .contains(off.answer());
        if (off.effective() != null) {
          engine.start(container);
          assertThat(effective(container, plan)).contains(off.effective());
        }
      } finally {
        engine.remove(container);
      }
    }
  }

  @Test
  void theSameContainerWithNothingOffIsAccepted() throws Exception {
    String slot = Ids.newSlot();
    machine.workspaces.makeSlot(slot, new byte[0]);
    ContainerPlan plan = machine.plan(slot);
    String container = machine.engine.create(plan);
    try {
      assertThat(ContainerChecklist.check(inspect(container), plan)).isEmpty();
      machine.engine.start(container);
      assertThat(effective(container, plan)).isEmpty();
    } finally {
      machine.engine.remove(container);
    }
  }

  @Test
  void aRunIsToldWhatIsOffAndNothingOfTheContainerIsLeft() throws Exception {
    try (DockerSandbox sandbox =
        DockerSandbox.start(
            machine.settings,
            spoiling((made, host) -> host.withCapAdd(Capability.SYS_ADMIN)),
            machine.store(),
            machine.workspaces,
            List.of(),
            WaitingRuns.NONE)) {
      assertThatThrownBy(() -> sandbox.claim(TestEngine.newRun()))
          .isInstanceOfSatisfying(
              SandboxRefused.class, e -> assertThat(e.code()).isEqualTo("checklist"))
          .hasMessageContaining("HostConfig.CapAdd is [\"SYS_ADMIN\"], must be nothing");
      assertThat(machine.engine.list(machine.settings.installation())).isEmpty();
      assertThat(machine.workspaces.slotDirectories()).isEmpty();
    }
  }

  private Engine spoiling(BiConsumer<CreateContainerCmd, HostConfig> spoil) {
    return new Engine(machine.settings.engine()) {
      @Override
      CreateContainerCmd request(DockerClient client, ContainerPlan plan) {
        CreateContainerCmd made = super.request(client, plan);
        spoil.accept(made, Objects.requireNonNull(made.getHostConfig()));
        return made;
      }
    };
  }

  private JsonNode inspect(String container) {
    return Objects.requireNonNull(machine.engine.inspect(container));
  }

  private List<String> effective(String container, ContainerPlan plan) throws Exception {
    int pid = inspect(container).at("/State/Pid").asInt();
    List<String> found =
        new java.util.ArrayList<>(attributesOf(ProcessChecklist.check(Path.of("/"), pid, plan)));
    found.addAll(
        attributesOf(InsideChecklist.check(look(container), InsideChecklist.ownNamespaces())));
    assertThat(Files.exists(Path.of("/proc", Integer.toString(pid)))).isTrue();
    return found.stream().map(name -> name.replace("memory and swap", "swap")).toList();
  }

  /** The look, through an exec of the engine's: here no host listens on the slot's socket. */
  private byte[] look(String container) throws Exception {
    ToolCommand question = InsideChecklist.question();
    DockerClient client = machine.engine.client();
    String id =
        client
            .execCreateCmd(container)
            .withCmd(question.argv().toArray(String[]::new))
            .withAttachStdin(true)
            .withAttachStdout(true)
            .exec()
            .getId();
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    boolean ended =
        client
            .execStartCmd(id)
            .withStdIn(new ByteArrayInputStream(Objects.requireNonNull(question.stdin())))
            .exec(
                new ResultCallback.Adapter<Frame>() {
                  @Override
                  public void onNext(Frame frame) {
                    if (frame.getStreamType() == StreamType.STDOUT) {
                      seen.writeBytes(frame.getPayload());
                    }
                  }
                })
            .awaitCompletion(30, TimeUnit.SECONDS);
    assertThat(ended).isTrue();
    return seen.toByteArray();
  }

  private static List<String> attributesOf(List<Finding> findings) {
    return findings.stream().map(Finding::attribute).toList();
  }
}
