package dev.helm.service.rest;

import dev.helm.api.rest.ErrorCode;
import io.swagger.v3.oas.annotations.Hidden;
import jakarta.ws.rs.Path;

/**
 * Calls of the contract whose feature comes later, told apart from paths that never will be. Each
 * is a locator, which stands for every method.
 */
@Hidden
@Path("/api")
public final class LaterResource {
  /** Refuses. */
  @Path("/{later: decide}")
  public Object single() {
    throw notYet();
  }

  private static ProblemException notYet() {
    return ProblemException.of(
        ErrorCode.NOT_SUPPORTED_YET,
        "this call is not yet supported",
        "openapi.json lists what this version does");
  }
}
