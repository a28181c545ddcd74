package dev.helm.service.rest;

import io.swagger.v3.oas.annotations.Hidden;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.function.Supplier;

/** The interface's own description. */
@Hidden
@Path("/openapi.json")
@Produces(MediaType.APPLICATION_JSON)
public final class OpenApiResource {
  private final Supplier<byte[]> document;

  /** With the document, which is made when it is first asked for. */
  public OpenApiResource(Supplier<byte[]> document) {
    this.document = document;
  }

  /** The document. */
  @GET
  @Open
  public byte[] document() {
    return document.get();
  }
}
