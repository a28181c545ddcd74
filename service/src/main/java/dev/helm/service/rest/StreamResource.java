package dev.helm.service.rest;

import dev.helm.api.rest.ErrorCode;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import org.jspecify.annotations.Nullable;

/** What a plain GET of the stream's address meets; upgrades never come here. */
@Path("/api")
@Tag(name = "stream")
public final class StreamResource {
  /** Refuses. */
  @GET
  @Path("/stream")
  @Open
  @Operation(
      summary = "The stream: a WebSocket, opened with a ticket",
      description = "Frames are described in docs/rest.md.")
  @ApiResponse(responseCode = "101", description = "the WebSocket is open")
  public void stream(@QueryParam("ticket") @Nullable String ticket) {
    throw ProblemException.of(
        ErrorCode.BAD_REQUEST,
        "this address is a WebSocket",
        "send Upgrade: websocket with a ticket of POST /api/auth/ticket");
  }
}
