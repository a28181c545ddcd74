package dev.helm.service.rest;

import dev.helm.api.rest.ErrorCode;
import io.swagger.v3.oas.annotations.Hidden;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/** Calls of the contract whose feature comes later: told apart from paths that never will be. */
@Hidden
@Path("/api/{later:"
    + "runs/[^/]+/(files|files/content|diff|snapshots|rollback|fork|export)"
    + "|stop|decide|auth/refresh|(schedules|budgets|users|devices|tokens)(/.*)?|usage|audit}")
@Produces(MediaType.APPLICATION_JSON)
public final class LaterResource {
  /** Refuses. */
  @GET
  public void get() {
    throw notYet();
  }

  /** Refuses. */
  @POST
  @NoIdempotencyKey
  public void post() {
    throw notYet();
  }

  /** Refuses. */
  @PUT
  public void put() {
    throw notYet();
  }

  /** Refuses. */
  @PATCH
  public void patch() {
    throw notYet();
  }

  /** Refuses. */
  @DELETE
  public void delete() {
    throw notYet();
  }

  private static ProblemException notYet() {
    return ProblemException.of(
        ErrorCode.NOT_SUPPORTED_YET,
        "this call is not yet supported",
        "GET /openapi.json lists what this version does");
  }
}
