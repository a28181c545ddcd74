package dev.helm.service.rest;

import dev.helm.api.blueprint.BlueprintSchema;
import io.swagger.v3.oas.annotations.Hidden;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.nio.charset.StandardCharsets;

/** The blueprint's JSON Schema, which an editor reads without a token. */
@Hidden
@Path(BlueprintSchema.PATH)
@Produces(MediaType.APPLICATION_JSON)
public final class BlueprintSchemaResource {
  /** The schema. */
  @GET
  @Open
  public byte[] schema() {
    return BlueprintSchema.json().getBytes(StandardCharsets.UTF_8);
  }
}
