package dev.helm.service.rest;

import dev.helm.api.rest.Bodies;
import dev.helm.service.store.Access;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/** Whether Helm is there, and how its parts are. */
@Path("/api")
@Tag(name = "system")
@Produces(MediaType.APPLICATION_JSON)
public final class SystemResource {
  private final Supplier<Bodies.Component> log;
  private final Supplier<Bodies.Component> audit;
  private final Supplier<Bodies.Component> search;
  private final Backend backend;
  private final ToIntFunction<Access> activeRuns;
  private final String version;
  private final boolean practice;

  /** With where the parts' state is known. */
  public SystemResource(
      Supplier<Bodies.Component> log,
      Supplier<Bodies.Component> audit,
      Supplier<Bodies.Component> search,
      Backend backend,
      ToIntFunction<Access> activeRuns,
      String version,
      boolean practice) {
    this.log = log;
    this.audit = audit;
    this.search = search;
    this.backend = backend;
    this.activeRuns = activeRuns;
    this.version = version;
    this.practice = practice;
  }

  /** The service answers. */
  @GET
  @Path("/health")
  @Open
  @Operation(summary = "Liveness")
  public Bodies.Health health() {
    return new Bodies.Health("ok");
  }

  /** How Helm is. */
  @GET
  @Path("/status")
  @Operation(summary = "The backend's state, part by part")
  public Bodies.Status status(@Context SecurityContext security) {
    List<Bodies.Component> components = new ArrayList<>();
    components.add(new Bodies.Component("service", "healthy", null));
    components.add(log.get());
    components.addAll(backend.components());
    components.add(audit.get());
    components.add(search.get());
    return new Bodies.Status(
        state(components),
        activeRuns.applyAsInt(TokenFilter.access(security)),
        version,
        practice,
        List.copyOf(components));
  }

  private String state(List<Bodies.Component> components) {
    if (backend.readOnlyBecause() != null) {
      return "read-only";
    }
    boolean healthy =
        components.stream()
            .map(Bodies.Component::state)
            .allMatch(state -> state.equals("healthy") || state.equals("absent"));
    return healthy ? "healthy" : "degraded";
  }
}
