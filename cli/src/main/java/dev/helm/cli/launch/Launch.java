package dev.helm.cli.launch;

import dev.helm.cli.launch.RunState.ChildState;
import dev.helm.cli.launch.RunState.Phase;
import dev.helm.cli.launch.disk.DiskPart;
import dev.helm.cli.launch.firewall.Firewall;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One life of an installation: checks, starts everything in order, keeps it running, ends it. For
 * {@code helm up} and {@code helm demo}. {@link #close} may be called at any moment, also from a
 * shutdown hook while {@link #start} works.
 */
public final class Launch implements AutoCloseable {
  /** Helm's version. */
  public static final String VERSION = "0.1.0";

  private final Settings settings;
  private final Progress progress;
  private final Supervisor supervisor;
  private volatile Phase phase = Phase.STARTING;
  private volatile String engine = "";
  private volatile boolean practice;
  private volatile boolean endAsked;
  private @Nullable HomeLock lock;

  /** Nothing happens before {@link #start}. */
  public Launch(Settings settings, Progress progress) {
    this.settings = settings;
    this.progress = progress;
    this.supervisor = new Supervisor(settings.home(), progress, this::writeState);
  }

  /** Prepares HELM_HOME for its users; harmless when everything is there. */
  public static @Nullable SystemUsers prepare(Settings settings)
      throws LaunchException, InterruptedException {
    Checks.platform();
    boolean root = Account.ownUid() == 0;
    SystemUsers users = root ? SystemUsers.ensure() : null;
    HomePreparation.prepare(settings.home(), users);
    return users;
  }

  /** Starts everything; returns when all is ready. After an exception {@link #close} is due. */
  public void start() throws LaunchException, InterruptedException {
    Checks.beforeNewHome(settings);
    SystemUsers users = prepare(settings);
    takeLock();
    endLeftovers();
    DemoConfig.write(settings, users);
    KeyFile.State key = Checks.key(settings, users);
    practice = key instanceof KeyFile.State.Absent;
    Checks.clock();
    Checks.ports(settings, practice);
    if (users != null) {
      Checks.reachableFor(users, settings);
    }
    supervisor.goOn();
    Plan plan = new Plan(settings, users, AppInstall.install(settings));
    startFirewall();
    startDisks(users);
    startBase(plan);
    String image = engine.isEmpty() ? "" : image();
    startRest(plan, key, image);
    supervisor.goOn();
    phase = Phase.HEALTHY;
    writeState();
  }

  /** Whether the end was asked for by {@link #close}; what fails from then on is no news. */
  public boolean endAsked() {
    return endAsked;
  }

  /** The address of the service. */
  public String url() {
    return "http://127.0.0.1:" + settings.ports().service();
  }

  /** The engine's address; empty when Helm is read-only. */
  public String engine() {
    return engine;
  }

  /** Whether the practice model stands in for a real one. */
  public boolean practice() {
    return practice;
  }

  /** Waits until everything has been ended by {@link #close}. */
  public void awaitStopped() throws InterruptedException {
    supervisor.awaitStopped();
  }

  /** Ends everything that was started, in reverse order, and removes the containers. */
  @Override
  public void close() {
    endAsked = true;
    phase = Phase.STOPPING;
    writeState();
    supervisor.close();
    HomeLock held;
    synchronized (this) {
      held = lock;
      lock = null; // nothing writes the state from here on
    }
    if (held == null) {
      return;
    }
    try {
      Files.deleteIfExists(settings.home().stateFile());
      held.close();
    } catch (IOException e) {
      progress.failed("state · " + e.getMessage());
    }
  }

  private void takeLock() throws LaunchException {
    try {
      Optional<HomeLock> taken = HomeLock.tryTake(settings.home().lockFile());
      if (taken.isEmpty()) {
        String who =
            RunState.read(settings.home().stateFile())
                .map(state -> " (launcher " + state.launcher().pid() + ")")
                .orElse("");
        throw new LaunchException(
            "Helm is already running in " + settings.home().root() + who + ".",
            "See it with 'helm status'; end it with 'helm down'.");
      }
      synchronized (this) {
        lock = taken.get();
      }
    } catch (IOException e) {
      throw new LaunchException(
          "The lock %s cannot be taken: %s".formatted(settings.home().lockFile(), e.getMessage()),
          "Look at the owner and mode of the folder.");
    }
  }

  private void endLeftovers() throws InterruptedException {
    Optional<RunState> old = RunState.read(settings.home().stateFile());
    if (old.isPresent()) {
      List<String> ended = Takeover.endLeftovers(old.get());
      String found =
          ended.isEmpty() ? "nothing was left running" : "ended " + String.join(", ", ended);
      progress.done("taken over from a launcher that died · " + found);
    }
  }

  /** Before the engine, so that it is removed after the containers. */
  private void startFirewall() throws LaunchException, InterruptedException {
    supervisor.goOn();
    if (!(settings.engine() instanceof Settings.Engine.None)) {
      Firewall firewall = Firewall.start(settings.home().egressChain(), progress);
      supervisor.atStop(firewall::close);
    }
  }

  /** Before the engine: at the end its containers have to go first. */
  private void startDisks(@Nullable SystemUsers users) throws LaunchException {
    Path home = settings.home().root();
    try {
      Account helm = users == null ? null : users.helm();
      DiskPart disks =
          DiskPart.start(
              home, helm == null ? null : new DiskPart.User(helm.name(), helm.uid(), helm.gid()));
      supervisor.atStop(
          () -> {
            disks.close();
            DiskMounts.clear(settings.home(), progress);
          });
      if (!disks.bounded()) {
        progress.held("disks · none · workspaces are watched, not bounded · " + disks.why());
      }
      disks.troubles().forEach(trouble -> progress.failed("disks · " + trouble));
    } catch (IOException | IllegalArgumentException e) {
      throw new LaunchException(
          "Disks for workspaces cannot be prepared: " + e.getMessage(),
          "Repair what it names; docs/workspace.md tells about disks.");
    }
  }

  private void startBase(Plan plan) throws LaunchException, InterruptedException {
    supervisor.goOn();
    switch (settings.engine()) {
      case Settings.Engine.None none -> progress.held("engine · none · read-only: no tool runs");
      case Settings.Engine.Found(String host) ->
          engine =
              plan.users() == null || EngineSocket.usable(host, progress)
                  ? Checks.engineAnswers(host, progress)
                  : "";
      case Settings.Engine.Own(Path dockerd) -> engine = startEngine(plan, dockerd);
    }
    if (settings.temporal() instanceof Settings.Temporal.Own(Path binary)) {
      supervisor.start(
          List.of(plan.temporal(TemporalBinary.usable(binary, settings, plan.users()))));
    }
    if (!engine.isEmpty()) {
      String host = engine;
      supervisor.atStop(() -> Containers.removeAll(host, settings.home(), progress));
    }
  }

  private String startEngine(Plan plan, Path dockerd) throws LaunchException, InterruptedException {
    try {
      Path config = settings.home().run().resolve("engine.json");
      OwnFile.write(config, "{}\n", "rw-r--r--");
      supervisor.atStop(() -> EngineMounts.clear(settings.home(), progress));
      supervisor.start(List.of(plan.engine(dockerd, config)));
      return "unix://" + settings.home().engineSocket();
    } catch (LaunchException | IOException e) {
      supervisor.goOn();
      supervisor.end("engine");
      progress.held("engine · " + e.getMessage());
      progress.held("engine · none · Helm goes on read-only: no tool runs");
      return "";
    }
  }

  private String image() throws LaunchException, InterruptedException {
    Path launcher = settings.launcher();
    Optional<String> id = Optional.empty();
    try {
      if (launcher != null) {
        SandboxImage image = new SandboxImage(launcher, System.err);
        // Before the engine, which a build that still runs would lose.
        supervisor.atStop(image::end);
        supervisor.goOn();
        id = image.ensure(engine);
      }
      supervisor.goOn();
      if (id.isPresent()) {
        progress.done("image · " + id.get().substring(0, 19));
        return id.get();
      }
    } catch (IOException e) {
      progress.failed("image · " + e.getMessage());
    }
    supervisor.goOn();
    progress.held("image · none · Helm goes on read-only: no tool runs");
    engine = "";
    return "";
  }

  private void startRest(Plan plan, KeyFile.State key, String image)
      throws LaunchException, InterruptedException {
    List<ProcessSpec> first = new ArrayList<>();
    if (practice) {
      first.add(plan.practice());
    }
    if (settings.demoSite() != null) {
      first.add(plan.demoSite());
    }
    supervisor.start(first);
    // Together: the key proxy is ready only when the service's ledger has answered it.
    int gid = EngineSocket.groupToUse(engine);
    supervisor.start(List.of(plan.keyProxy(key), plan.service(engine, image, practice, gid)));
  }

  private synchronized void writeState() {
    if (lock == null) {
      return;
    }
    List<ChildState> children =
        supervisor.lives().stream()
            .map(life -> new ChildState(life.name(), life.process(), life.restarts()))
            .toList();
    RunState state =
        new RunState(
            VERSION,
            phase,
            ProcessId.boot(),
            ProcessId.self(),
            settings.ports().service(),
            engine,
            settings.engine() instanceof Settings.Engine.Own,
            practice,
            children);
    try {
      state.write(settings.home().stateFile());
    } catch (IOException e) {
      // Without it a next launcher relies on the death signal alone; that is no reason to stop.
      progress.failed("state · " + new UncheckedIOException(e).getMessage());
    }
  }
}
