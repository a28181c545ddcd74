package dev.helm.service.rest;

import dev.helm.activities.secret.Scrubber;
import dev.helm.api.Role;
import dev.helm.api.Secret;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.SecretBodies;
import dev.helm.service.auth.Caller;
import dev.helm.service.store.SecretStore;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Secrets of projects. A value goes in and never comes out. */
@Path("/api/secrets")
@Tag(name = "secrets")
@Produces(MediaType.APPLICATION_JSON)
public final class SecretsResource {
  private static final String PROJECT = "^[a-z0-9-]{1,64}$";
  private static final String NAME = "^[A-Z][A-Z0-9_]{0,63}$";
  private static final int VALUE_BYTES_MAX = 16 * 1024;

  private final SecretStore secrets;

  /** With where they are kept. */
  public SecretsResource(SecretStore secrets) {
    this.secrets = secrets;
  }

  /** All that one may set. */
  @GET
  @Operation(
      summary = "The secrets of the projects in which you are an operator, without their values",
      description = "With project: only its own.")
  public Bodies.Page<SecretBodies.SecretInfo> listSecrets(
      @QueryParam("project") @Parameter(schema = @Schema(type = "string", pattern = PROJECT))
          @Nullable String project,
      @Context ContainerRequestContext context) {
    Permit.somewhere(context, Role.OPERATOR);
    if (project != null) {
      Permit.require(context, Role.OPERATOR, project(project));
    }
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    return new Bodies.Page<>(
        secrets.list(caller.access(Role.OPERATOR)).stream()
            .filter(info -> project == null || info.project().equals(project))
            .toList(),
        null);
  }

  /** Sets one. */
  @PUT
  @Path("/{project}/{name}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Set a secret, or replace its value; no call gives it back",
      description =
          "Runs of the project's blueprints that name it use the new value from their next call on.")
  public SecretBodies.SecretInfo setSecret(
      @PathParam("project") @Parameter(schema = @Schema(type = "string", pattern = PROJECT))
          String project,
      @PathParam("name") @Parameter(schema = @Schema(type = "string", pattern = NAME)) String name,
      SecretBodies.SetSecret request,
      @Context ContainerRequestContext context) {
    Permit.require(context, Role.OPERATOR, project(project));
    name(name);
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    try {
      return secrets.set(project, name, value(request.value()), caller.name());
    } catch (SecretStore.TooManyException e) {
      throw ProblemException.of(
          ErrorCode.CONFLICT, String.valueOf(e.getMessage()), "remove one first: helm secret rm");
    }
  }

  /** Removes one. */
  @DELETE
  @Path("/{project}/{name}")
  @Operation(summary = "Remove a secret: what needs it fails from its next call on")
  public Bodies.Accepted removeSecret(
      @PathParam("project") @Parameter(schema = @Schema(type = "string", pattern = PROJECT))
          String project,
      @PathParam("name") @Parameter(schema = @Schema(type = "string", pattern = NAME)) String name,
      @Context ContainerRequestContext context) {
    Permit.require(context, Role.OPERATOR, project(project));
    name(name);
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    if (!secrets.remove(project, name, caller.name())) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND,
          "the project has no such secret",
          "helm secret list --project " + project + " shows them");
    }
    return new Bodies.Accepted(name, "removed");
  }

  /** Attack: the star would make a secret of all projects. */
  private static String project(String project) {
    if (!project.matches(PROJECT)) {
      throw ProblemException.member("project", "a project is 1 to 64 of a-z, 0-9 and dash", null);
    }
    return project;
  }

  private static void name(String name) {
    if (!name.matches(NAME)) {
      throw ProblemException.member(
          "name",
          "a secret is named by 1 to 64 of A-Z, 0-9 and underscore, beginning with a letter",
          null);
    }
  }

  private static Secret value(@Nullable String value) {
    if (value == null
        || value.length() < Scrubber.VALUE_CHARS_MIN
        || value.isBlank()
        || value.getBytes(StandardCharsets.UTF_8).length > VALUE_BYTES_MAX) {
      throw ProblemException.member(
          "value",
          "expected " + Scrubber.VALUE_CHARS_MIN + " characters to " + VALUE_BYTES_MAX + " bytes",
          "a shorter one could not be told from ordinary text, and so not be kept out of it");
    }
    if (value.indexOf('\0') >= 0) {
      throw ProblemException.member("value", "a NUL is not accepted", null);
    }
    return Secret.of(value);
  }
}
