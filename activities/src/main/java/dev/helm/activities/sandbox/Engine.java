package dev.helm.activities.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.PropagationMode;
import com.github.dockerjava.api.model.RestartPolicy;
import com.github.dockerjava.api.model.SELContext;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.Volume;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.core.RemoteApiVersion;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The container engine's API, as far as slots need it. Each call has its own deadline. */
class Engine implements AutoCloseable {
  private static final RemoteApiVersion NEWEST_KNOWN = RemoteApiVersion.create(1, 47);
  private static final Duration QUICK = Duration.ofSeconds(10);
  private static final Duration SLOW = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final DockerHttpClient http;
  private final URI address;
  private final Duration quick;
  private final Duration slow;
  private volatile @Nullable DockerClient client;

  Engine(URI address) {
    this(address, QUICK, SLOW);
  }

  /**
   * With other deadlines.
   *
   * @param quick for questions
   * @param slow for what makes, starts or removes a container
   */
  Engine(URI address, Duration quick, Duration slow) {
    this.address = address;
    this.quick = quick;
    this.slow = slow;
    this.http =
        new BoundedHttp(
            new ZerodepDockerHttpClient.Builder()
                .dockerHost(address)
                .maxConnections(64)
                .connectionTimeout(Duration.ofSeconds(5))
                .responseTimeout(slow)
                .build());
  }

  /** What the engine says of itself. */
  JsonNode info() {
    return EngineCalls.call("say what it is", quick, () -> get("/info"));
  }

  boolean hasImage(String imageId) {
    try {
      return EngineCalls.call(
          "look for the image",
          quick,
          () -> imageId.equals(client().inspectImageCmd(imageId).exec().getId()));
    } catch (NotFoundException e) {
      return false;
    }
  }

  String create(ContainerPlan plan) {
    return EngineCalls.call(
        "create a container", slow, () -> request(client(), plan).exec().getId());
  }

  /** The one request for a container; the tests of the checklists spoil it. */
  CreateContainerCmd request(DockerClient client, ContainerPlan plan) {
    return client
        .createContainerCmd(plan.imageId())
        .withName(plan.name())
        .withLabels(plan.labels())
        .withUser(plan.user())
        .withEntrypoint(SandboxSettings.EXECUTOR)
        .withEnv(List.of())
        .withWorkingDir("/")
        .withHostName(ContainerPlan.HOST_NAME)
        .withNetworkDisabled(true)
        .withStopSignal(ContainerPlan.STOP_SIGNAL)
        .withHostConfig(hostConfig(plan));
  }

  private static HostConfig hostConfig(ContainerPlan plan) {
    long memory = plan.limits().memoryBytes();
    long files = ContainerPlan.OPEN_FILES;
    return HostConfig.newHostConfig()
        .withBinds(
            bind(
                plan.box(),
                ContainerPlan.BOX_TARGET,
                plan.boxWritable() ? AccessMode.rw : AccessMode.ro),
            bind(plan.sockets(), ContainerPlan.SOCKETS_TARGET, AccessMode.ro))
        .withCapDrop(Capability.ALL)
        .withSecurityOpts(plan.securityOptions())
        .withPrivileged(false)
        .withReadonlyRootfs(true)
        .withTmpFs(Map.of("/tmp", ContainerPlan.TMPFS))
        .withMemory(memory)
        .withMemorySwap(memory)
        .withNanoCPUs(plan.nanoCpus())
        .withPidsLimit((long) plan.limits().pids())
        .withUlimits(List.of(new Ulimit("nofile", files, files), new Ulimit("core", 0L, 0L)))
        .withShmSize(ContainerPlan.SHM_BYTES)
        .withInit(false)
        .withNetworkMode("none")
        .withIpcMode("private")
        .withCgroupnsMode("private")
        .withRestartPolicy(RestartPolicy.noRestart())
        .withLogConfig(new LogConfig(LogConfig.LoggingType.NONE));
  }

  private static Bind bind(Path from, String to, AccessMode mode) {
    return new Bind(
        from.toString(), new Volume(to), mode, SELContext.none, null, PropagationMode.RPRIVATE);
  }

  void start(String container) {
    EngineCalls.call("start a container", slow, () -> client().startContainerCmd(container).exec());
  }

  /** The engine's whole answer, or null if it has no such container. */
  @Nullable JsonNode inspect(String container) {
    try {
      return EngineCalls.call(
          "inspect a container", quick, () -> get("/containers/" + container + "/json"));
    } catch (NotFoundException e) {
      return null;
    }
  }

  /** Kills and removes; nothing happens if there is no such container. */
  void remove(String container) {
    try {
      EngineCalls.call(
          "remove a container",
          slow,
          () ->
              client()
                  .removeContainerCmd(container)
                  .withForce(true)
                  .withRemoveVolumes(true)
                  .exec());
    } catch (NotFoundException | NotModifiedException e) {
      // Gone already.
    } catch (ConflictException e) {
      throw new EngineUnavailable("the container engine is still removing a container", e);
    }
  }

  /** All containers of an installation, running or not: id to slot label. */
  Map<String, String> list(String installation) {
    Map<String, String> found = new java.util.TreeMap<>();
    for (Container container :
        EngineCalls.call(
            "list containers",
            quick,
            () ->
                client()
                    .listContainersCmd()
                    .withShowAll(true)
                    .withLabelFilter(Map.of(ContainerPlan.INSTALLATION_LABEL, installation))
                    .exec())) {
      found.put(
          container.getId(), container.getLabels().getOrDefault(ContainerPlan.SLOT_LABEL, ""));
    }
    return found;
  }

  @Override
  public void close() {
    Closer.close(http);
  }

  DockerClient client() throws IOException {
    DockerClient existing = client;
    if (existing != null) {
      return existing;
    }
    DefaultDockerClientConfig config =
        DefaultDockerClientConfig.createDefaultConfigBuilder()
            .withDockerHost(address.toString())
            .withDockerTlsVerify(false)
            .withApiVersion(apiVersion())
            .build();
    DockerClient made = DockerClientImpl.getInstance(config, http);
    client = made;
    return made;
  }

  /** Forgets what was negotiated: the engine may come back as another version. */
  void renegotiate() {
    client = null;
  }

  /** The newest version that both sides know: engines drop old ones, so none can be pinned. */
  private RemoteApiVersion apiVersion() throws IOException {
    JsonNode version = get("/version");
    RemoteApiVersion newest = RemoteApiVersion.parseConfig(version.path("ApiVersion").asText());
    RemoteApiVersion oldest =
        RemoteApiVersion.parseConfig(version.path("MinAPIVersion").asText("1.24"));
    if (oldest.isGreater(NEWEST_KNOWN)) {
      return oldest;
    }
    return newest.isGreater(NEWEST_KNOWN) ? NEWEST_KNOWN : newest;
  }

  private JsonNode get(String path) throws IOException {
    DockerHttpClient.Request request =
        DockerHttpClient.Request.builder()
            .method(DockerHttpClient.Request.Method.GET)
            .path(path)
            .build();
    // Closing the body first would read the rest of it, however long it is.
    try (DockerHttpClient.Response response = http.execute(request)) {
      byte[] bytes = response.getBody().readAllBytes();
      int status = response.getStatusCode();
      if (status == 404) {
        throw new NotFoundException(path);
      }
      if (status != 200) {
        throw new DockerException("GET " + path, status);
      }
      return JSON.readTree(bytes);
    }
  }
}
