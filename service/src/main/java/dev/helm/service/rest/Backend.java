package dev.helm.service.rest;

import dev.helm.activities.images.ImageList;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.tools.RunTools;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.api.rest.Bodies;
import dev.helm.service.audit.Exports;
import dev.helm.service.files.Epochs;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything behind REST and the log: the workflow engine, the worker, the sandbox, the ledger's
 * socket. Built once by the composition root; its start must not wait for what may be down.
 */
public interface Backend extends AutoCloseable {
  /** Carries what people do to the runs. */
  RunControl control();

  /** Rolls runs back, restarts and forks them. */
  Epochs epochs();

  /** Reads and takes snapshots of workspaces. */
  Snapshots snapshots();

  /** A run's files as they are now; links are not followed. */
  WorkspaceFiles files(String run);

  /** The parts and how they are, in the order that people read them; quick, from memory. */
  List<Bodies.Component> components();

  /** Why no run can start here (there is no container engine), or null when one can. */
  @Nullable String readOnlyBecause();

  /** Whose days and months caps count; the operator says so in {@code config.yml}. */
  default ZoneId moneyZone() {
    return ZoneOffset.UTC;
  }

  /** Hosts of the targets that the operator has listed in {@code config.yml}, in lower case. */
  default Set<String> operatorHosts() {
    return Set.of();
  }

  /** The engine's images that the operator lets blueprints name. */
  default ImageList images() {
    return ImageList.NONE;
  }

  /** What tools runs have, for arguments that people change. */
  default RunTools tools() {
    return RunTools.NATIVE;
  }

  /** Brings the archive of a run's workflow histories up to date before it is exported. */
  default Exports.Histories histories() {
    return _ -> {};
  }

  /** Schedules were changed: Temporal is to hear of it soon. */
  default void schedulesChanged() {}

  /** Begins to work; called when the socket listens. */
  void start();

  @Override
  void close();
}
