package dev.helm.service.rest;

import dev.helm.activities.snapshot.Patch;
import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.TreeDiff;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.FileBodies;
import dev.helm.service.files.Diffs;
import dev.helm.service.files.Steps;
import dev.helm.service.store.FileStore;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
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
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** What differs between a run's files at two steps. */
@Path("/api/runs")
@Tag(name = "files")
@Produces(MediaType.APPLICATION_JSON)
public final class DiffResource {
  private static final String PATCH = "text/x-diff";

  /** Comparisons at a time; each may take tens of megabytes for a moment. */
  private static final Semaphore DIFFS = new Semaphore(4);

  private final RunQueries runs;
  private final FileStore files;
  private final Backend backend;
  private final WorkspaceNow now;

  /** With where runs and snapshots are. */
  public DiffResource(Store store, Backend backend) {
    this.runs = store.queries();
    this.files = store.files();
    this.backend = backend;
    this.now = new WorkspaceNow(store.epochs(), backend);
  }

  /** All differences. */
  @GET
  @Path("/{id}/diff")
  @Download
  @Produces({MediaType.APPLICATION_JSON, PATCH})
  @Operation(
      summary =
          "What differs between two steps (start to now, unless told): JSON, or a patch for"
              + " git apply with Accept: text/x-diff")
  @ApiResponse(
      responseCode = "200",
      description = "the differences",
      content = {
        @Content(
            mediaType = "application/json",
            schema = @Schema(implementation = FileBodies.Diff.class)),
        @Content(mediaType = PATCH, schema = @Schema(type = "string"))
      })
  public Response diff(
      @PathParam("id") String id,
      @QueryParam("from") @Nullable String from,
      @QueryParam("to") @Nullable String to,
      @QueryParam("path") @Nullable String path,
      @Context SecurityContext security,
      @Context jakarta.ws.rs.core.HttpHeaders headers)
      throws IOException {
    String run = Params.run(runs, TokenFilter.access(security), id);
    String below = String.join("/", FileParams.names(path));
    String left = from == null ? "start" : from;
    String right = to == null ? "now" : to;
    Steps.Step before = left.equals("now") ? null : FileParams.step(files, run, "from", left);
    Steps.Step after = right.equals("now") ? null : FileParams.step(files, run, "to", right);
    if (!DIFFS.tryAcquire()) {
      throw ProblemException.later(
          ErrorCode.TOO_MANY_REQUESTS,
          "too many compare files at once; nothing was compared",
          "try again in a moment",
          2);
    }
    boolean asItIs = before == null || after == null;
    Snapshots.Look look = null;
    try {
      look = asItIs ? now.look(run) : backend.snapshots().kept(run);
      String current = look.taken().tree();
      SnapshotRepository repository = look.repository();
      TreeDiff.Result diff =
          TreeDiff.of(
              repository,
              ObjectId.fromString(before == null ? current : before.tree()),
              ObjectId.fromString(after == null ? current : after.tree()));
      if (asksForPatch(headers)) {
        TreeDiff.Result part = new TreeDiff.Result(Diffs.within(diff, below), diff.truncated());
        Response response = patch(run, look, Patch.plan(repository, part));
        look = null;
        return response;
      }
      FileBodies.Diff body = new Diffs(repository).of(left, right, diff, below);
      return Response.ok(body, MediaType.APPLICATION_JSON).build();
    } finally {
      DIFFS.release();
      if (look != null) {
        look.close();
      }
    }
  }

  private static Response patch(String run, Snapshots.Look look, Patch patch) {
    StreamingOutput body =
        out -> {
          try (look) {
            patch.write(out);
          }
        };
    return Response.ok(body, PATCH + "; charset=utf-8")
        .header("Content-Disposition", "attachment; filename=\"" + run + ".patch\"")
        .build();
  }

  private static boolean asksForPatch(jakarta.ws.rs.core.HttpHeaders headers) {
    return headers.getAcceptableMediaTypes().stream()
        .anyMatch(type -> type.getType().equals("text") && type.getSubtype().equals("x-diff"));
  }
}
