package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.ScheduleBodies;
import dev.helm.service.auth.Caller;
import dev.helm.service.schedule.Calendar;
import dev.helm.service.store.Access;
import dev.helm.service.store.Cursor;
import dev.helm.service.store.ScheduleStore;
import dev.helm.service.store.Store;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.time.DateTimeException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Runs that start by themselves. */
@Path("/api/schedules")
@Tag(name = "schedules")
@Produces(MediaType.APPLICATION_JSON)
public final class SchedulesResource {
  private static final int NEXT = 3;
  private static final int FIRES = 20;

  private final Store store;
  private final Schedules schedules;
  private final ScheduleFires fires;

  /** With what changes schedules and what starts their runs. */
  SchedulesResource(Store store, Schedules schedules, ScheduleFires fires) {
    this.store = store;
    this.schedules = schedules;
    this.fires = fires;
  }

  /** All that one sees. */
  @GET
  @Operation(summary = "Schedules by name, each with its next times and its last fire")
  public Bodies.Page<ScheduleBodies.Schedule> listSchedules(
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security) {
    int most = Params.limit(limit);
    String after = Objects.requireNonNullElse(Cursor.read("schedules", cursor), "");
    List<ScheduleStore.Stored> found =
        store.schedules().list(TokenFilter.access(security), after, most + 1);
    List<ScheduleStore.Stored> page = found.subList(0, Math.min(most, found.size()));
    return new Bodies.Page<>(
        page.stream().map(each -> shown(each, 1)).toList(),
        found.size() > most ? Cursor.of("schedules", page.getLast().id()) : null);
  }

  /** Makes one. */
  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Have runs of a blueprint start by themselves",
      description =
          "What is absent is taken from the blueprint's own schedule. Each fire starts a run of its"
              + " newest version, as the caller who made the schedule.")
  @ApiResponse(responseCode = "201", useReturnTypeSchema = true, description = "the schedule")
  public ScheduleBodies.Schedule createSchedule(
      ScheduleBodies.NewSchedule request, @Context ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    ScheduleStore.Stored made = schedules.create(request, RunStarts.Starter.of(caller));
    Permit.require(context, Role.OPERATOR, made.is().project());
    StatusFilter.answer(context, Response.Status.CREATED);
    return shown(made, FIRES);
  }

  /** One. */
  @GET
  @Path("/{id}")
  @Operation(summary = "A schedule with its next times and its last fires, and their runs")
  public ScheduleBodies.Schedule getSchedule(
      @PathParam("id") String id, @Context SecurityContext security) {
    return shown(find(TokenFilter.access(security), id), FIRES);
  }

  /** Changes one. */
  @PATCH
  @Path("/{id}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Change a schedule, pause it or let it go on, with a note",
      description =
          "What is absent stays. Times that came while it was paused are not caught up with. Who"
              + " changes what its runs do is whose runs they are from then on.")
  public ScheduleBodies.Schedule changeSchedule(
      @PathParam("id") String id,
      ScheduleBodies.ChangeSchedule request,
      @Context ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    ScheduleStore.Stored changed =
        schedules.change(operated(id, context), request, RunStarts.Starter.of(caller));
    if (changed == null) {
      throw unknown();
    }
    return shown(changed, FIRES);
  }

  /** Removes one. */
  @DELETE
  @Path("/{id}")
  @Operation(summary = "Remove a schedule; runs that it has started go on")
  public Bodies.Accepted removeSchedule(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    if (!schedules.remove(operated(id, context).id())) {
      throw unknown();
    }
    return new Bodies.Accepted(id, "removed");
  }

  /** Fires one now. */
  @POST
  @Path("/{id}/trigger")
  @Operation(
      summary = "Start a run of a schedule now, as the caller",
      description =
          "Its overlap policy holds: {outcome} says whether the run was started, waits or was"
              + " skipped. A paused schedule can be triggered.")
  public ScheduleBodies.Fire triggerSchedule(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    return fires
        .trigger(
            operated(id, context).id(),
            RunStarts.Starter.of(caller),
            IdempotencyFilter.requestId(context))
        .fire();
  }

  private ScheduleStore.Stored operated(String id, ContainerRequestContext context) {
    ScheduleStore.Stored found =
        find(TokenFilter.caller(context.getSecurityContext()).access(), id);
    Permit.require(context, Role.OPERATOR, found.is().project());
    return found;
  }

  private ScheduleStore.Stored find(Access access, String id) {
    ScheduleStore.Stored found = id.length() > 64 ? null : store.schedules().find(access, id);
    if (found == null) {
      throw unknown();
    }
    return found;
  }

  private static ProblemException unknown() {
    return ProblemException.of(
        ErrorCode.NOT_FOUND, "there is no such schedule", "helm schedule list lists them");
  }

  private ScheduleBodies.Schedule shown(ScheduleStore.Stored stored, int firesMax) {
    ScheduleStore.Definition is = stored.is();
    return new ScheduleBodies.Schedule(
        is.id(),
        is.project(),
        is.blueprint(),
        is.cron(),
        is.timeZone(),
        is.overlap(),
        is.catchUpMs(),
        is.input(),
        is.prompt(),
        is.budgetUsd(),
        stored.paused(),
        stored.note(),
        is.fromBlueprint(),
        is.by(),
        stored.createdAt(),
        stored.changedAt(),
        next(stored),
        store.fires().newest(is.id(), firesMax));
  }

  /**
   * None where this Java does not know the time zone any more: the others are shown all the same.
   */
  private List<ScheduleBodies.FireTime> next(ScheduleStore.Stored stored) {
    if (stored.paused()) {
      return List.of();
    }
    try {
      return Calendar.of(stored.is().cron(), stored.is().timeZone())
          .next(store.clock().instant(), NEXT);
    } catch (DateTimeException e) {
      return List.of();
    }
  }
}
