package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.HelmHome;
import dev.helm.cli.launch.RunState;
import dev.helm.cli.launch.Settings;
import java.util.Optional;

/**
 * What is looked at.
 *
 * @param settings what {@code helm up} would start
 * @param running what runs in its HELM_HOME
 * @param machine where
 * @param ownUid the user who looks
 */
record Site(Settings settings, Optional<RunState> running, Machine machine, int ownUid) {
  HelmHome home() {
    return settings.home();
  }

  boolean root() {
    return ownUid == 0;
  }

  /** The engine's address; empty for none. */
  String engine() {
    return running
        .map(RunState::engine)
        .filter(named -> !named.isEmpty())
        .orElseGet(
            () -> settings.engine() instanceof Settings.Engine.Found(String found) ? found : "");
  }
}
