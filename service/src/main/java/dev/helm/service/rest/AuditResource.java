package dev.helm.service.rest;

import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.audit.Audit;
import dev.helm.service.audit.Exports;
import dev.helm.service.store.Access;
import dev.helm.service.store.AuditStore;
import dev.helm.service.store.RunQueries;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import jakarta.ws.rs.core.StreamingOutput;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who did what, and the key that proves it. */
@Path("/api/audit")
@Tag(name = "audit")
@Produces(MediaType.APPLICATION_JSON)
public final class AuditResource {
  static final String ZIP = "application/zip";

  private final Audit audit;

  /** With the audit. */
  public AuditResource(Audit audit) {
    this.audit = audit;
  }

  /** The audit log. */
  @GET
  @Operation(
      summary = "Who logged in, looked, decided and changed, oldest first",
      description =
          "After a sequence number, or with `before` the newest before one; `who` is a name,"
              + " `action` one or several types with commas.")
  public Bodies.Events auditEntries(
      @QueryParam("after") @Nullable String after,
      @QueryParam("before") @Nullable String before,
      @QueryParam("who") @Nullable String who,
      @QueryParam("action") @Nullable String action,
      @QueryParam("limit") @Nullable String limit,
      @Context ContainerRequestContext context) {
    Permit.ownerOfAll(context);
    long from = Params.after(after);
    var items =
        audit
            .store()
            .audit()
            .page(
                new AuditStore.Wanted(
                    from,
                    Params.before(before),
                    who == null ? "" : who,
                    Params.actions(action),
                    Params.limit(limit)));
    return new Bodies.Events(items, items.isEmpty() ? from : items.getLast().seq());
  }

  /** The key. */
  @GET
  @Path("/key")
  @Operation(summary = "The keys that sign checkpoints and exports; pin keyId")
  public Bodies.AuditKeys auditKey() {
    List<Bodies.AuditKey> keys =
        audit.store().checkpoints().keys().stream()
            .map(key -> new Bodies.AuditKey(key.id(), key.pem(), key.at()))
            .toList();
    return new Bodies.AuditKeys(audit.key().id(), audit.key().signer().pem(), keys);
  }

  /** The audit log's checkpoints. */
  @GET
  @Path("/checkpoints")
  @Operation(summary = "The audit log's signed checkpoints after a sequence number")
  public Bodies.Checkpoints auditCheckpoints(
      @QueryParam("after") @Nullable String after,
      @QueryParam("limit") @Nullable String limit,
      @Context ContainerRequestContext context) {
    Permit.ownerOfAll(context);
    return checkpoints(Checkpoint.AUDIT, after, limit);
  }

  /** The audit log with its proofs. */
  @GET
  @Path("/export")
  @Download
  @Produces(ZIP)
  @Operation(summary = "The audit log as a bundle that helm verify checks")
  @ApiResponse(
      responseCode = "200",
      description = "the bundle",
      content = @Content(mediaType = ZIP, schema = @Schema(type = "string", format = "binary")))
  public Response exportAudit(@Context ContainerRequestContext context) {
    Permit.ownerOfAll(context);
    return export(Checkpoint.AUDIT, TokenFilter.caller(context.getSecurityContext()).userId());
  }

  private Bodies.Checkpoints checkpoints(
      String run, @Nullable String after, @Nullable String limit) {
    long from = Params.after(after);
    List<Checkpoint> items = audit.store().checkpoints().page(run, from, Params.limit(limit));
    return new Bodies.Checkpoints(items, items.isEmpty() ? from : items.getLast().seq());
  }

  private Response export(String run, String person) {
    try {
      Exports.Export export = audit.exports().of(run, person);
      StreamingOutput body = export::write;
      return Response.ok(body, ZIP)
          .header(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"" + export.name() + "\"")
          .build();
    } catch (Exports.TooLargeException e) {
      throw ProblemException.of(
          ErrorCode.TOO_LARGE, "the run is too large for one export", e.getMessage());
    } catch (Exports.BusyException e) {
      throw ProblemException.later(
          ErrorCode.TOO_MANY_REQUESTS,
          "an export of yours is being made, or " + Exports.AT_ONCE_MAX + " of others are",
          "send it again in a moment",
          5);
    }
  }

  /** Those of a run. */
  @Path("/api/runs")
  @Tag(name = "audit")
  @Produces(MediaType.APPLICATION_JSON)
  public static final class OfRuns {
    private final AuditResource all;
    private final RunQueries runs;

    /** With the audit and where runs are. */
    public OfRuns(Audit audit, RunQueries runs) {
      this.all = new AuditResource(audit);
      this.runs = runs;
    }

    /** A run's checkpoints. */
    @GET
    @Path("/{id}/checkpoints")
    @Operation(summary = "A run's signed checkpoints after a sequence number; keep them elsewhere")
    public Bodies.Checkpoints runCheckpoints(
        @PathParam("id") String id,
        @QueryParam("after") @Nullable String after,
        @QueryParam("limit") @Nullable String limit,
        @Context SecurityContext security) {
      Access access = TokenFilter.access(security);
      return all.checkpoints(Params.run(runs, access, id), after, limit);
    }

    /** A run with its proofs. */
    @GET
    @Path("/{id}/export")
    @Download
    @Produces(ZIP)
    @Operation(summary = "A run as a bundle that helm verify checks, up to its last event")
    @ApiResponse(
        responseCode = "200",
        description = "the bundle",
        content = @Content(mediaType = ZIP, schema = @Schema(type = "string", format = "binary")))
    public Response exportRun(@PathParam("id") String id, @Context SecurityContext security) {
      Access access = TokenFilter.access(security);
      return all.export(Params.run(runs, access, id), TokenFilter.caller(security).userId());
    }
  }
}
