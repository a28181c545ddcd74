package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.RunStatus;
import dev.helm.api.rest.Bodies;
import dev.helm.service.auth.Caller;
import dev.helm.service.files.EpochFailure;
import dev.helm.service.store.Access;
import dev.helm.service.store.Change;
import dev.helm.service.store.RunEndedException;
import dev.helm.service.store.RunQueries;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The emergency stop. */
@Path("/api/stop")
@Tag(name = "steering")
@Produces(MediaType.APPLICATION_JSON)
public final class StopResource {
  private static final Set<RunStatus> ACTIVE =
      EnumSet.of(RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED);

  /** So many runs are told at a time. */
  private static final int AT_ONCE = 32;

  private static final int TRIES = 50;
  private static final long TRY_EVERY_NANOS = 100_000_000;

  private final RunQueries runs;
  private final RunControl control;
  private final ExecutorService tellers =
      Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().name("stop-", 0).factory());

  /** With where runs are, and what reaches the workflows. */
  public StopResource(RunQueries runs, RunControl control) {
    this.runs = runs;
    this.control = control;
  }

  /** Pauses everything. */
  @POST
  @Operation(summary = "Emergency stop: pause every run of the projects where one is operator")
  @ApiResponse(responseCode = "202", useReturnTypeSchema = true, description = "accepted")
  public Bodies.Stopped stop(@Context ContainerRequestContext context) {
    Permit.somewhere(context, Role.OPERATOR);
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    String requestId = IdempotencyFilter.requestId(context);
    Change.begins();
    List<Bodies.Run> active = active(caller.roles().access(caller.userId(), Role.OPERATOR));
    List<CompletableFuture<String>> told = new ArrayList<>();
    for (Bodies.Run run : active) {
      told.add(
          CompletableFuture.supplyAsync(() -> pause(run.id(), caller.name(), requestId), tellers));
    }
    Set<String> projects = new HashSet<>();
    List<Bodies.StoppedRun> stopped = new ArrayList<>();
    for (int i = 0; i < active.size(); i++) {
      Bodies.Run run = active.get(i);
      if (projects.add(run.project())) {
        Permit.require(context, Role.OPERATOR, run.project());
      }
      stopped.add(new Bodies.StoppedRun(run.id(), run.name(), run.project(), join(told.get(i))));
    }
    StatusFilter.answer(context, Response.Status.ACCEPTED);
    return new Bodies.Stopped(stopped);
  }

  private String pause(String run, String by, String requestId) {
    for (int tries = 1; ; tries++) {
      try {
        control.pause(run, by, requestId);
        return "accepted";
      } catch (RunEndedException e) {
        return "ended";
      } catch (EpochFailure e) {
        // It is being rolled back: its next workflow is the one to be told.
        if (tries == TRIES) {
          return "rollback_under_way";
        }
        LockSupport.parkNanos(TRY_EVERY_NANOS);
      }
    }
  }

  /** One that cannot be told makes the whole answer an error: it is asked for again. */
  private static String join(CompletableFuture<String> told) {
    try {
      return told.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Oldest first. */
  private List<Bodies.Run> active(Access access) {
    List<Bodies.Run> active = new ArrayList<>();
    String cursor = null;
    do {
      Bodies.Page<Bodies.Run> page = page(access, cursor);
      active.addAll(page.items());
      cursor = page.nextCursor();
    } while (cursor != null);
    return active.reversed();
  }

  private Bodies.Page<Bodies.Run> page(Access access, @Nullable String cursor) {
    return runs.list(
        access, new RunQueries.Filter(ACTIVE, null, null, RunQueries.LIMIT_MAX, cursor));
  }
}
