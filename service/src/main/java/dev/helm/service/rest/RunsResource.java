package dev.helm.service.rest;

import dev.helm.activities.snapshot.Snapshots;
import dev.helm.api.Role;
import dev.helm.api.rest.Bodies;
import dev.helm.service.auth.Caller;
import dev.helm.service.search.SearchIndex;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
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
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Starting, finding and reading runs. */
@Path("/api/runs")
@Tag(name = "runs")
@Produces(MediaType.APPLICATION_JSON)
public final class RunsResource {
  private final RunQueries runs;
  private final RunStarts starts;
  private final SearchIndex search;
  private final Backend backend;

  /** With where runs are, what starts them, and what works on them. */
  public RunsResource(RunQueries runs, RunStarts starts, SearchIndex search, Backend backend) {
    this.runs = runs;
    this.starts = starts;
    this.search = search;
    this.backend = backend;
  }

  /** Starts a run. */
  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Start a run; {blueprint} without a version means the newest")
  @ApiResponse(responseCode = "201", useReturnTypeSchema = true, description = "the run")
  public Bodies.Run start(Bodies.StartRun request, @Context ContainerRequestContext context) {
    starts.refuseReadOnly();
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    RunQueries.NewRun wanted =
        starts.wanted(RunStarts.Starter.of(caller), request, IdempotencyFilter.requestId(context));
    Permit.require(context, Role.OPERATOR, wanted.blueprint().blueprint().project());
    List<Snapshots.First> files = StartFiles.of(request.files());
    RunQueries.Created created;
    if (files.isEmpty()) {
      created = runs.create(wanted);
      backend.control().start(created.run().id());
    } else {
      created = RollbackResource.done(() -> backend.epochs().create(wanted, files));
    }
    StatusFilter.answer(context, Response.Status.CREATED);
    return created.run();
  }

  /** Runs, newest first. */
  @GET
  @Operation(
      summary = "List and search runs, newest first",
      description =
          "{q}: text in the name, id, blueprint or prompt, or words of the run's events as in"
              + " /api/search; {partial} says that not all events were looked through, so that more"
              + " runs may have them. {since} and {until}: when the run was created, ISO-8601 with a time"
              + " zone.")
  public Bodies.RunPage list(
      @QueryParam("status") @Nullable String status,
      @QueryParam("blueprint") @Nullable String blueprint,
      @QueryParam("q") @Nullable String q,
      @QueryParam("project") @Nullable String project,
      @QueryParam("since") @Nullable String since,
      @QueryParam("until") @Nullable String until,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security) {
    Access access = TokenFilter.access(security);
    String text = q == null || q.isEmpty() ? null : Params.line("q", q, 200);
    SearchIndex.Runs withWords =
        text == null
            ? new SearchIndex.Runs(Set.of(), false)
            : SearchResource.runs(search, access, text);
    Bodies.Page<Bodies.Run> page =
        runs.list(
            access,
            new RunQueries.Filter(
                Params.statuses(status),
                blueprint == null ? null : Params.line("blueprint", blueprint, 100),
                text,
                withWords.ids(),
                project == null || project.isEmpty() ? null : Params.line("project", project, 64),
                Params.time("since", since),
                Params.time("until", until),
                Params.limit(limit),
                cursor));
    return new Bodies.RunPage(page.items(), page.nextCursor(), withWords.partial());
  }

  /** One run. */
  @GET
  @Path("/{id}")
  @Operation(summary = "One run; {id} may be any unambiguous beginning")
  public Bodies.Run get(@PathParam("id") String id, @Context SecurityContext security) {
    Access access = TokenFilter.access(security);
    Bodies.Run run = runs.run(access, Params.run(runs, access, id));
    if (run == null) {
      throw new IllegalStateException("a resolved run is there");
    }
    return run;
  }

  /** The log. */
  @GET
  @Path("/{id}/events")
  @Operation(summary = "A run's log after a sequence number; {type} takes several, with commas")
  public Bodies.Events events(
      @PathParam("id") String id,
      @QueryParam("after") @Nullable String after,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("type") @Nullable String type,
      @Context SecurityContext security) {
    Access access = TokenFilter.access(security);
    return runs.events(
        access,
        Params.run(runs, access, id),
        Params.after(after),
        Params.limit(limit),
        Params.types(type));
  }
}
