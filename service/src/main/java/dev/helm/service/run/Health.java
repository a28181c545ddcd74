package dev.helm.service.run;

import dev.helm.activities.sandbox.DockerSandbox;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.api.rest.Bodies;
import dev.helm.service.Settings;
import dev.helm.service.ledger.LedgerSocket;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How each part is, as it was at the last look, and what is done about one that is away. */
final class Health {
  private final Settings settings;
  private final Sandbox sandbox;
  private final LedgerSocket ledgerSocket;
  private final WorkflowServiceStubs temporal;
  private final Reconciler reconciler;
  private volatile boolean working;
  private volatile List<Bodies.Component> components = List.of();

  Health(
      Settings settings,
      Sandbox sandbox,
      LedgerSocket ledgerSocket,
      WorkflowServiceStubs temporal,
      Reconciler reconciler) {
    this.settings = settings;
    this.sandbox = sandbox;
    this.ledgerSocket = ledgerSocket;
    this.temporal = temporal;
    this.reconciler = reconciler;
  }

  /** The worker polls from now on. */
  void working() {
    working = true;
  }

  /** What the last look saw; empty before the first. */
  List<Bodies.Component> components() {
    return components;
  }

  /** Why no run can be made here, or null. */
  @Nullable String readOnlyBecause() {
    if (settings.dockerHost().isEmpty() || settings.image().isEmpty()) {
      return "there is no container engine, and no tool ever runs on the host; install one and"
          + " start Helm again (helm doctor says how)";
    }
    return sandbox instanceof DockerSandbox docker ? docker.unsupported() : null;
  }

  /** Asks each part; may take some seconds where one does not answer. */
  void look() {
    boolean practice = settings.practice();
    components =
        List.of(
            temporal(),
            engine(),
            component("keyproxy", ledgerSocket.connected(), "the launcher restarts it"),
            new Bodies.Component(
                "model",
                "healthy",
                practice ? "practice model: no real model is called" : "your own key"));
  }

  private Bodies.Component temporal() {
    int strangers = reconciler.unknownToTemporal();
    return strangers > 0
        ? new Bodies.Component(
            "temporal",
            "degraded",
            "it does not know "
                + strangers
                + " of the runs at work here; check TEMPORAL_ADDRESS, or end them with helm cancel")
        : component("temporal", working && temporalAnswers(), temporalAway());
  }

  private String temporalAway() {
    return working ? "the launcher restarts it" : "the service is taking over its runs; a moment";
  }

  private Bodies.Component engine() {
    String readOnly = readOnlyBecause();
    if (readOnly != null) {
      return new Bodies.Component("engine", "absent", readOnly);
    }
    return component(
        "engine", EnginePing.answers(settings.dockerHost()), "runs wait until it is back");
  }

  private static Bodies.Component component(String name, boolean healthy, String otherwise) {
    return new Bodies.Component(name, healthy ? "healthy" : "down", healthy ? null : otherwise);
  }

  private boolean temporalAnswers() {
    try {
      temporal.healthCheck();
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }
}
