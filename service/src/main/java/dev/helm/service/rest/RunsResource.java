package dev.helm.service.rest;

import dev.helm.activities.snapshot.Snapshots;
import dev.helm.api.Role;
import dev.helm.api.RunId;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.Problem;
import dev.helm.service.auth.Caller;
import dev.helm.service.blueprint.InputSchema;
import dev.helm.service.blueprint.Nearest;
import dev.helm.service.search.SearchIndex;
import dev.helm.service.store.Access;
import dev.helm.service.store.BlueprintStore;
import dev.helm.service.store.RunQueries;
import dev.helm.workflows.HelmJson;
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
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Starting, finding and reading runs. */
@Path("/api/runs")
@Tag(name = "runs")
@Produces(MediaType.APPLICATION_JSON)
public final class RunsResource {
  private static final Usd BUDGET_MAX = new Usd(100_000_000_000L);

  private final RunQueries runs;
  private final BlueprintStore blueprints;
  private final SearchIndex search;
  private final Backend backend;
  private final boolean practice;

  /** With where runs and blueprints are, and what works on them. */
  public RunsResource(
      RunQueries runs,
      BlueprintStore blueprints,
      SearchIndex search,
      Backend backend,
      boolean practice) {
    this.runs = runs;
    this.blueprints = blueprints;
    this.search = search;
    this.backend = backend;
    this.practice = practice;
  }

  /** Starts a run. */
  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Start a run; {blueprint} without a version means the newest")
  @ApiResponse(responseCode = "201", useReturnTypeSchema = true, description = "the run")
  public Bodies.Run start(Bodies.StartRun request, @Context ContainerRequestContext context) {
    String readOnly = backend.readOnlyBecause();
    if (readOnly != null) {
      throw ProblemException.of(
          ErrorCode.READ_ONLY, "no run can start: Helm is read-only", readOnly);
    }
    RunQueries.NewRun wanted = wanted(request, context);
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

  private RunQueries.NewRun wanted(Bodies.StartRun request, ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    Blueprint.Stored stored = blueprint(caller.access(), request.blueprint());
    Blueprint blueprint = stored.blueprint();
    Permit.require(context, Role.OPERATOR, blueprint.project());
    // It may have been stored when the operator's list was another.
    backend
        .images()
        .refusal(blueprint)
        .ifPresent(
            image -> {
              throw ProblemException.member("blueprint", image.why(), image.hint());
            });
    Map<String, Object> input = input(blueprint, request.input());
    String prompt = request.prompt();
    if (prompt != null) {
      Params.text("prompt", prompt, 20_000);
    } else if (blueprint.task().isBlank()) {
      throw ProblemException.member(
          "prompt", "is missing, and the blueprint has no task", "say what the agent is to do");
    }
    String requestId = IdempotencyFilter.requestId(context);
    return new RunQueries.NewRun(
        RunId.random().value(),
        request.name() == null ? blueprint.name() : Params.line("name", request.name(), 100),
        stored,
        caller.userId(),
        caller.name(),
        cap(request.budgetUsd(), blueprint),
        input,
        HelmJson.write(input),
        prompt,
        practice,
        requestId);
  }

  private Blueprint.Stored blueprint(Access access, String reference) {
    Params.line("blueprint", reference, 100);
    Blueprint.Stored stored = blueprints.find(access, reference);
    if (stored == null) {
      List<String> names =
          blueprints.list(access, RunQueries.LIMIT_MAX, null).items().stream()
              .map(Bodies.BlueprintSummary::name)
              .toList();
      int at = reference.indexOf('@');
      String hint = Nearest.hint(at < 0 ? reference : reference.substring(0, at), names);
      throw ProblemException.of(
          ErrorCode.NOT_FOUND,
          "there is no blueprint \"" + reference + "\"",
          hint == null ? "helm blueprint apply -f FILE stores one" : hint);
    }
    return stored;
  }

  private static Map<String, Object> input(
      Blueprint blueprint, @Nullable Map<String, Object> given) {
    InputSchema schema = InputSchema.of(blueprint.inputs());
    Map<String, Object> input = given == null ? Map.of() : given;
    List<Problem.Place> wrong = schema.check(input);
    if (!wrong.isEmpty()) {
      Problem.Place first = wrong.getFirst();
      throw ProblemException.at(
          ErrorCode.INVALID_INPUT,
          "the input does not fit the blueprint " + blueprint.name(),
          first.path() + " " + first.message(),
          wrong);
    }
    return schema.withDefaults(input);
  }

  private static Usd cap(@Nullable Usd wanted, Blueprint blueprint) {
    if (wanted == null) {
      return blueprint.budget().perRunUsd();
    }
    if (wanted.compareTo(Usd.ZERO) <= 0 || wanted.compareTo(BUDGET_MAX) > 0) {
      throw ProblemException.member(
          "budgetUsd", "expected more than 0 and at most 100000 dollars", null);
    }
    return wanted;
  }
}
