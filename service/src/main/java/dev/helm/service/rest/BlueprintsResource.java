package dev.helm.service.rest;

import dev.helm.activities.images.ImageList;
import dev.helm.activities.tools.LineDiff;
import dev.helm.api.Role;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.BlueprintBodies;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.Problem;
import dev.helm.service.auth.Caller;
import dev.helm.service.blueprint.BlueprintLoader;
import dev.helm.service.blueprint.BlueprintSource;
import dev.helm.service.store.BlueprintStore;
import dev.helm.workflows.decide.Combination;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Storing, checking and reading blueprints. */
@Path("/api/blueprints")
@Tag(name = "blueprints")
@Produces(MediaType.APPLICATION_JSON)
public final class BlueprintsResource {
  static final String YAML = "application/yaml";

  private final BlueprintStore blueprints;
  private final Schedules schedules;
  private final Set<String> operatorHosts;
  private final Supplier<ImageList> images;

  /**
   * With where they are stored, their schedules, and what the operator says of hosts and images.
   */
  public BlueprintsResource(
      BlueprintStore blueprints,
      Schedules schedules,
      Set<String> operatorHosts,
      Supplier<ImageList> images) {
    this.blueprints = blueprints;
    this.schedules = schedules;
    this.operatorHosts = Set.copyOf(operatorHosts);
    this.images = images;
  }

  /** The newest version of each. */
  @GET
  @Operation(summary = "The newest version of every blueprint, by name")
  public Bodies.Page<Bodies.BlueprintSummary> list(
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security) {
    return blueprints.list(TokenFilter.access(security), Params.limit(limit), cursor);
  }

  /** One. */
  @GET
  @Path("/{name}")
  @Operation(summary = "The newest version, or an exact one as name@version")
  public Blueprint.Stored get(@PathParam("name") String name, @Context SecurityContext security) {
    return shown(find(name, security));
  }

  private Blueprint.Stored find(String name, SecurityContext security) {
    Blueprint.Stored stored =
        name.length() > 100 ? null : blueprints.find(TokenFilter.access(security), name);
    if (stored == null) {
      throw unknown();
    }
    return stored;
  }

  private Blueprint.Stored shown(Blueprint.Stored stored) {
    return stored.with(Combination.of(stored.blueprint(), operatorHosts));
  }

  /** One as YAML. */
  @GET
  @Path("/{name}/source")
  @Operation(summary = "The newest version, or name@version, as YAML that can be applied again")
  public BlueprintBodies.Source source(
      @PathParam("name") String name, @Context SecurityContext security) {
    Blueprint.Stored stored = find(name, security);
    return new BlueprintBodies.Source(
        stored.name(), stored.version(), BlueprintSource.yaml(stored.blueprint()));
  }

  /** What differs between two versions. */
  @GET
  @Path("/{name}/diff")
  @Operation(
      summary =
          "A unified diff from name@version to another version, unless told the newest; of a name"
              + " without a version, from the version before the newest")
  public BlueprintBodies.VersionDiff diff(
      @PathParam("name") String name,
      @QueryParam("to") @Nullable String to,
      @Context SecurityContext security) {
    Blueprint.Stored from = find(name, security);
    Blueprint.Stored until = find(to == null ? from.name() : to, security);
    if (to == null && !name.contains("@") && from.version() > 1) {
      from = find(Blueprint.reference(from.name(), from.version() - 1), security);
    }
    return new BlueprintBodies.VersionDiff(
        Blueprint.reference(from.name(), from.version()),
        Blueprint.reference(until.name(), until.version()),
        LineDiff.of(
            until.name() + ".yaml",
            true,
            BlueprintSource.yaml(from.blueprint()),
            BlueprintSource.yaml(until.blueprint())));
  }

  /** All versions of one. */
  @GET
  @Path("/{name}/versions")
  @Operation(summary = "All versions, newest first")
  public Bodies.Page<Blueprint.Stored> versions(
      @PathParam("name") String name, @Context SecurityContext security) {
    List<Blueprint.Stored> versions =
        name.length() > 100 ? List.of() : blueprints.versions(TokenFilter.access(security), name);
    if (versions.isEmpty()) {
      throw unknown();
    }
    return new Bodies.Page<>(versions, null);
  }

  /** Stores a version. */
  @PUT
  @Path("/{name}")
  @Consumes({YAML, MediaType.APPLICATION_JSON})
  @Operation(
      summary = "Store a blueprint; unchanged content makes no new version",
      description =
          "Where it has a schedule, the schedule of its name is made or made the same; where it has"
              + " one no more, it is taken away.")
  @ApiResponse(responseCode = "200", useReturnTypeSchema = true, description = "unchanged")
  @ApiResponse(responseCode = "201", useReturnTypeSchema = true, description = "a new version")
  public Blueprint.Stored put(
      @PathParam("name") String name,
      @RequestBody(
              required = true,
              content = {
                @Content(mediaType = YAML, schema = @Schema(type = "string")),
                @Content(mediaType = MediaType.APPLICATION_JSON, schema = @Schema(type = "object"))
              })
          InputStream body,
      @Context ContainerRequestContext context)
      throws IOException {
    Blueprint blueprint = load(body, context);
    if (!blueprint.name().equals(name)) {
      throw ProblemException.member(
          "name",
          "the blueprint is named \"" + blueprint.name() + "\", the path \"" + name + "\"",
          "make them the same");
    }
    BlueprintStore.Put put = store(blueprint, context);
    if (put.fresh()) {
      StatusFilter.answer(context, Response.Status.CREATED);
    }
    return shown(put.stored());
  }

  private BlueprintStore.Put store(Blueprint blueprint, ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    Blueprint.Stored before = blueprints.newest(caller.access(), blueprint.name());
    if (before != null) {
      // Attack: an operator of one project takes over a blueprint of another by moving it.
      Permit.require(context, Role.OPERATOR, before.blueprint().project());
    }
    Permit.require(context, Role.OPERATOR, blueprint.project());
    try {
      return schedules.put(caller.access(Role.OPERATOR), blueprint, RunStarts.Starter.of(caller));
    } catch (BlueprintStore.NameTakenException e) {
      throw ProblemException.of(
          ErrorCode.CONFLICT, "the name belongs to another project", "choose another name");
    }
  }

  /** Checks without storing. */
  @POST
  @Path("/validate")
  @NoIdempotencyKey
  @Consumes({YAML, MediaType.APPLICATION_JSON})
  @Operation(
      summary = "Check a blueprint without storing it: all mistakes, or it with its defaults")
  public BlueprintBodies.Checked validate(
      @RequestBody(
              required = true,
              content = {
                @Content(mediaType = YAML, schema = @Schema(type = "string")),
                @Content(mediaType = MediaType.APPLICATION_JSON, schema = @Schema(type = "object"))
              })
          InputStream body,
      @Context ContainerRequestContext context)
      throws IOException {
    Blueprint blueprint = load(body, context);
    return new BlueprintBodies.Checked(blueprint, Combination.of(blueprint, operatorHosts));
  }

  private Blueprint load(InputStream body, ContainerRequestContext context) throws IOException {
    MediaType type = context.getMediaType();
    BlueprintLoader.Format format =
        type != null && type.getSubtype().endsWith("json")
            ? BlueprintLoader.Format.JSON
            : BlueprintLoader.Format.YAML;
    return switch (BlueprintLoader.load(body.readAllBytes(), format)) {
      case BlueprintLoader.Loaded loaded -> withImages(loaded.blueprint());
      case BlueprintLoader.Refused refused -> {
        int count = refused.mistakes().size();
        throw ProblemException.at(
            ErrorCode.INVALID_BLUEPRINT,
            "the blueprint has " + (count == 1 ? "a mistake" : count + " mistakes"),
            "each of errors has its line, its column and what was expected",
            refused.mistakes());
      }
    };
  }

  private Blueprint withImages(Blueprint blueprint) {
    Optional<ImageList.Refused> refused = images.get().refusal(blueprint);
    if (refused.isPresent()) {
      ImageList.Refused image = refused.get();
      throw ProblemException.at(
          ErrorCode.INVALID_BLUEPRINT,
          "the blueprint has a mistake",
          image.why(),
          List.of(new Problem.Place(0, 0, image.path(), image.why(), image.hint())));
    }
    return blueprint;
  }

  private static ProblemException unknown() {
    return ProblemException.of(
        ErrorCode.NOT_FOUND, "there is no such blueprint", "helm blueprint list lists them");
  }
}
