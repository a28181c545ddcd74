package dev.helm.activities.probes;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.ExecCreateCmd;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.PropagationMode;
import com.github.dockerjava.api.model.SELContext;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.Volume;
import dev.helm.activities.sandbox.DockerSandbox;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A container like a slot's that lacks something; commands get in by an engine exec. */
final class Fixture implements Box {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_KEPT_BYTES = 1 << 20;
  private final DockerClient engine;
  private final String container;
  private final int pid;
  private final Path workspace;
  private final Path sockets;

  private Fixture(DockerClient engine, String container, int pid, Path workspace, Path sockets) {
    this.engine = engine;
    this.container = container;
    this.pid = pid;
    this.workspace = workspace;
    this.sockets = sockets;
  }

  /** Makes and starts it. */
  static Fixture start(Lab lab, Lacking lacking, Path place) {
    DockerClient engine = lab.machine().engine;
    String user = lacking.root() ? "0:0" : lab.uid() + ":" + lab.uid();
    Path box = place.resolve("box");
    Path sockets = place.resolve("sock");
    AccessMode mode = lacking == Lacking.READ_ONLY_SOCKETS ? AccessMode.rw : AccessMode.ro;
    HostConfig hardened =
        hardened(
            lacking.blank(), bind(box, "/slot", AccessMode.rw), bind(sockets, "/run/helm", mode));
    String id =
        engine
            .createContainerCmd(lab.machine().settings.imageId())
            .withLabels(Map.of(Machine.LABEL, lab.machine().settings.installation()))
            .withUser(user)
            .withEntrypoint(lacking.entrypoint(lab))
            .withEnv(List.of("PROBE_SECRET=" + lab.secret()))
            .withWorkingDir("/")
            .withHostConfig(lacking.weaken(hardened, lab))
            .exec()
            .getId();
    engine.startContainerCmd(id).exec();
    Long pid = engine.inspectContainerCmd(id).exec().getState().getPidLong();
    return new Fixture(
        engine, id, pid == null ? 0 : pid.intValue(), box.resolve("workspace"), sockets);
  }

  /** What production asks of the engine; ContainerChecklistTest holds production to it. */
  private static HostConfig hardened(HostConfig blank, Bind... binds) {
    return blank
        .withBinds(binds)
        .withCapDrop(Capability.ALL)
        .withSecurityOpts(List.of("no-new-privileges", seccomp()))
        .withPrivileged(false)
        .withReadonlyRootfs(true)
        .withTmpFs(Map.of("/tmp", "rw,exec,nosuid,nodev,size=256m,mode=1777"))
        .withMemory(1L << 30)
        .withMemorySwap(1L << 30)
        .withNanoCPUs(1_000_000_000L)
        .withPidsLimit(256L)
        .withUlimits(List.of(new Ulimit("nofile", 4096L, 4096L), new Ulimit("core", 0L, 0L)))
        .withShmSize(64L << 20)
        .withNetworkMode("none")
        .withIpcMode("private")
        .withCgroupnsMode("private")
        .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE));
  }

  /** The profile of slots. */
  private static String seccomp() {
    try (InputStream in = DockerSandbox.class.getResourceAsStream("seccomp.json")) {
      return "seccomp=" + JSON.readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Bind bind(Path from, String to, AccessMode mode) {
    return new Bind(
        from.toString(), new Volume(to), mode, SELContext.none, null, PropagationMode.RPRIVATE);
  }

  @Override
  public String attack(String name, Map<String, Object> given, long deadlineMs) throws Exception {
    return exec(
        "",
        deadlineMs,
        "/usr/bin/python3",
        "/workspace/probe.py",
        name,
        JSON.writeValueAsString(given));
  }

  @Override
  public String bash(String script, long deadlineMs) throws Exception {
    return exec("", deadlineMs, "/bin/bash", "-c", script);
  }

  /** As root of the container, to prepare it. */
  String prepare(String script) throws Exception {
    return exec("0:0", 30_000, "/bin/bash", "-c", script);
  }

  /** Starts something that stays. */
  void leave(String... argv) {
    detached(engine.execCreateCmd(container).withCmd(argv));
  }

  /** Starts something that stays, as another user. */
  void leaveAs(int uid, String... argv) {
    detached(engine.execCreateCmd(container).withCmd(argv).withUser(uid + ":" + uid));
  }

  private void detached(ExecCreateCmd command) {
    String exec = command.exec().getId();
    engine.execStartCmd(exec).withDetach(true).exec(new ResultCallback.Adapter<>());
  }

  private String exec(String user, long deadlineMs, String... argv) throws Exception {
    String exec =
        engine
            .execCreateCmd(container)
            .withCmd(argv)
            .withUser(user)
            .withWorkingDir("/workspace")
            .withEnv(List.of("HOME=/tmp", "PYTHONDONTWRITEBYTECODE=1"))
            .withAttachStdout(true)
            .withAttachStderr(true)
            .exec()
            .getId();
    Output output = new Output();
    boolean ended =
        engine.execStartCmd(exec).exec(output).awaitCompletion(deadlineMs, TimeUnit.MILLISECONDS);
    return output.text() + (ended ? " [ended]" : " [goes on]") + " [" + output.total() + " bytes]";
  }

  @Override
  public String container() {
    return container;
  }

  @Override
  public int pid() {
    return pid;
  }

  @Override
  public Path workspace() {
    return workspace;
  }

  @Override
  public Path sockets() {
    return sockets;
  }

  private static final class Output extends ResultCallback.Adapter<Frame> {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private long total;

    @Override
    public synchronized void onNext(Frame frame) {
      byte[] data = frame.getPayload();
      total += data.length;
      if (kept.size() < MOST_KEPT_BYTES) {
        kept.writeBytes(data);
      }
    }

    synchronized String text() {
      return kept.toString(StandardCharsets.UTF_8);
    }

    synchronized long total() {
      return total;
    }
  }
}
