package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.Sha256;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.PeopleBodies;
import dev.helm.service.auth.Caller;
import dev.helm.service.auth.PersonName;
import dev.helm.service.auth.ServiceTokenText;
import dev.helm.service.store.ServiceTokenStore;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/** Tokens of programs: one role in one project, with an end. */
@Path("/api/tokens")
@Tag(name = "people")
@Produces(MediaType.APPLICATION_JSON)
public final class TokensResource {
  private static final int DAYS_DEFAULT = 90;
  private static final int DAYS_MAX = 365;

  private final ServiceTokenStore tokens;
  private final Clock clock;
  private final Runnable sessionsEnded;

  /** With where tokens are, and what closes the sockets of ended sessions. */
  public TokensResource(ServiceTokenStore tokens, Clock clock, Runnable sessionsEnded) {
    this.tokens = tokens;
    this.clock = clock;
    this.sessionsEnded = sessionsEnded;
  }

  /** All that one owns. */
  @GET
  @Operation(summary = "The service tokens of the projects that you own, by name")
  public Bodies.Page<PeopleBodies.ServiceToken> listTokens(
      @Context ContainerRequestContext context) {
    Permit.anOwner(context);
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    return new Bodies.Page<>(
        tokens.list(caller.access(Role.OWNER)).stream().map(TokensResource::shown).toList(), null);
  }

  /** Makes one. */
  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Make a service token: the answer shows its text once",
      description = "One role, at most operator, in one project, or in all with \"*\".")
  @ApiResponse(responseCode = "201", useReturnTypeSchema = true, description = "the token")
  public PeopleBodies.TokenMade createToken(
      PeopleBodies.NewToken request, @Context ContainerRequestContext context) {
    Caller caller = Permit.person(context);
    Permit.require(context, Role.OWNER, Params.project("project", request.project()));
    if (!PersonName.allowed(request.name())) {
      throw ProblemException.member("name", "expected " + PersonName.FORM_IN_WORDS, null);
    }
    if (request.role() == Role.OWNER) {
      throw ProblemException.member(
          "role", "a service token is at most an operator", "people are looked after by people");
    }
    int days = Objects.requireNonNullElse(request.days(), DAYS_DEFAULT);
    if (days < 1 || days > DAYS_MAX) {
      throw ProblemException.member("days", "expected 1 to " + DAYS_MAX, null);
    }
    String text = ServiceTokenText.random();
    ServiceTokenStore.ServiceToken made =
        tokens.create(
            request.name(),
            Sha256.hex(text),
            request.project(),
            request.role(),
            caller.name(),
            clock.instant().plus(Duration.ofDays(days)));
    if (made == null) {
      throw ProblemException.of(
          ErrorCode.CONFLICT, "the name was given before", "names are given once; choose another");
    }
    StatusFilter.answer(context, Response.Status.CREATED);
    return new PeopleBodies.TokenMade(shown(made), text);
  }

  /** Takes one back. */
  @DELETE
  @Path("/{id}")
  @Operation(summary = "Take a service token back; its sockets are closed")
  public Bodies.Accepted revokeToken(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    Caller caller = Permit.person(context);
    ServiceTokenStore.ServiceToken token = id.length() > 100 ? null : tokens.find(id);
    if (token == null || caller.roles().in(token.project()) == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no such service token", "helm token list shows them");
    }
    Permit.check(caller, Role.OWNER, token.project());
    tokens.revoke(id);
    sessionsEnded.run();
    return new Bodies.Accepted(id, "revoked");
  }

  private static PeopleBodies.ServiceToken shown(ServiceTokenStore.ServiceToken token) {
    return new PeopleBodies.ServiceToken(
        token.id(),
        token.name(),
        token.project(),
        token.role(),
        token.createdBy(),
        token.createdAt(),
        Instant.ofEpochMilli(token.expiresMs()).toString());
  }
}
