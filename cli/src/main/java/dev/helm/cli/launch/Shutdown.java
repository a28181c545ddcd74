package dev.helm.cli.launch;

import dev.helm.cli.launch.firewall.Firewall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Ends an installation from outside: its launcher, or what a dead launcher left. */
public final class Shutdown {
  private static final long PATIENCE_MS = 90_000;
  private static final List<Path> DOCKERD =
      List.of(
          Path.of("/usr/bin/dockerd"),
          Path.of("/usr/sbin/dockerd"),
          Path.of("/usr/local/bin/dockerd"));

  private Shutdown() {}

  /** Returns when nothing of it runs; nothing to end is no error. */
  public static void run(Settings settings, Progress progress)
      throws LaunchException, InterruptedException {
    HelmHome home = settings.home();
    Optional<RunState> state = RunState.read(home.stateFile());
    if (state.isEmpty()) {
      RunState.refused(home.stateFile()).ifPresent(why -> progress.failed("state · " + why));
      progress.done("nothing to stop · Helm does not run in " + home.root());
      return;
    }
    if (state.get().launcherAlive()) {
      progress.begins("stop · launcher " + state.get().launcher().pid());
      state.get().launcher().end(false);
    }
    try (HomeLock lock = lock(home, state.get())) {
      endRest(settings, progress);
      DiskMounts.clear(home, progress);
      Files.deleteIfExists(home.stateFile());
      progress.done("stopped · everything");
    } catch (IOException e) {
      throw new LaunchException(
          "Helm could not be stopped whole: " + e.getMessage(),
          "Look at the owner of " + home.run() + " and try again as that user.");
    }
  }

  private static HomeLock lock(HelmHome home, RunState state)
      throws IOException, InterruptedException {
    Optional<HomeLock> lock = HomeLock.take(home.lockFile(), PATIENCE_MS);
    if (lock.isEmpty()) {
      state.launcher().end(true);
      lock = HomeLock.take(home.lockFile(), 5_000);
    }
    return lock.orElseThrow(() -> new IOException("its launcher does not end"));
  }

  /** The state file is gone after an orderly end; if it is still there, something may be too. */
  private static void endRest(Settings settings, Progress progress)
      throws InterruptedException, IOException {
    Optional<RunState> left = RunState.read(settings.home().stateFile());
    if (left.isEmpty()) {
      return;
    }
    for (String name : Takeover.endLeftovers(left.get())) {
      progress.done("stopped · " + name);
    }
    if (left.get().ownEngine()) {
      sweepWithOwnEngine(settings, progress);
    } else if (!left.get().engine().isEmpty()) {
      Containers.removeAll(left.get().engine(), settings.home(), progress);
    }
    Firewall.removeLeft(settings.home().egressChain(), progress);
  }

  /** Containers outlive their engine; it is started once more to remove them. */
  private static void sweepWithOwnEngine(Settings settings, Progress progress)
      throws InterruptedException, IOException {
    Path config = settings.home().run().resolve("engine.json");
    Optional<Path> dockerd = DOCKERD.stream().filter(Files::isExecutable).findFirst();
    if (dockerd.isEmpty()) {
      progress.failed("containers · not looked for · the engine's program dockerd is gone");
      return;
    }
    OwnFile.write(config, "{}\n", "rw-r--r--");
    Optional<SystemUsers> users = Account.ownUid() == 0 ? SystemUsers.existing() : Optional.empty();
    Plan plan = new Plan(settings, users.orElse(null), settings.home().app());
    try (Supervisor supervisor = new Supervisor(settings.home(), progress, () -> {})) {
      supervisor.atStop(() -> EngineMounts.clear(settings.home(), progress));
      supervisor.start(List.of(plan.engine(dockerd.get(), config)));
      Containers.removeAll("unix://" + settings.home().engineSocket(), settings.home(), progress);
    } catch (LaunchException e) {
      progress.failed("containers · not removed · " + e.getMessage());
    }
  }
}
