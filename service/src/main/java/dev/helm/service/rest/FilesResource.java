package dev.helm.service.rest;

import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.workspace.TreeItem;
import dev.helm.activities.workspace.TreeNode;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.activities.workspace.WorkspacePath;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.FileBodies;
import dev.helm.service.files.Diffs;
import dev.helm.service.files.Steps;
import dev.helm.service.store.Access;
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
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** A run's files at any step: browse and read them. Nothing here follows a link. */
@Path("/api/runs")
@Tag(name = "files")
@Produces(MediaType.APPLICATION_JSON)
public final class FilesResource {
  private final RunQueries runs;
  private final FileStore files;
  private final Backend backend;
  private final WorkspaceNow now;
  private final DirectoryListing directories;

  /** With where runs, snapshots and workspaces are. */
  public FilesResource(Store store, Backend backend) {
    this.runs = store.queries();
    this.files = store.files();
    this.backend = backend;
    this.now = new WorkspaceNow(store.epochs(), backend);
    this.directories = new DirectoryListing(files, now, backend);
  }

  /** A directory. */
  @GET
  @Path("/{id}/files")
  @Operation(
      summary =
          "What a directory of the workspace holds at a step: now (default), start, a snapshot or a"
              + " seq")
  public Bodies.Page<FileBodies.FileEntry> files(
      @PathParam("id") String id,
      @QueryParam("path") @Nullable String path,
      @QueryParam("at") @Nullable String at,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security)
      throws IOException {
    String run = run(id, security);
    List<String> names = FileParams.names(path);
    int most = Params.limit(limit);
    String name = at == null ? "now" : at;
    List<FileBodies.FileEntry> entries;
    long seq;
    if (name.equals("now")) {
      seq = files.lastSeq(run);
      entries = directories.now(run, names);
    } else {
      Steps.Step step = FileParams.step(files, run, "at", name);
      seq = step.seq();
      entries = directories.kept(run, step, names);
    }
    return directories.page(run, seq, entries, most, cursor);
  }

  /** A file. */
  @GET
  @Path("/{id}/files/content")
  @Download
  @Produces(MediaType.APPLICATION_OCTET_STREAM)
  @Operation(summary = "A file's bytes at a step, as an attachment")
  @ApiResponse(
      responseCode = "200",
      description = "the bytes",
      content =
          @Content(
              mediaType = "application/octet-stream",
              schema = @Schema(type = "string", format = "binary")))
  public Response fileContent(
      @PathParam("id") String id,
      @QueryParam("path") @Nullable String path,
      @QueryParam("at") @Nullable String at,
      @Context SecurityContext security)
      throws IOException {
    String run = run(id, security);
    List<String> names = FileParams.names(path);
    if (at == null || at.equals("now")) {
      return asItIs(run, names);
    }
    Steps.Step step = FileParams.step(files, run, "at", at);
    SnapshotRepository repository = backend.snapshots().open(run);
    boolean streams = false;
    try {
      TreeItem<ObjectId> file = FileParams.found(repository, step, names);
      if (file.kind() != TreeNode.Kind.FILE) {
        throw ProblemException.of(
            ErrorCode.NOT_FOUND,
            "that path is no file but a " + Diffs.type(file.kind()),
            "a link is shown in its directory, and never followed");
      }
      streams = true;
      return attachment(repository, file);
    } finally {
      if (!streams) {
        repository.close();
      }
    }
  }

  private static Response attachment(SnapshotRepository repository, TreeItem<ObjectId> file)
      throws IOException {
    StreamingOutput body =
        out -> {
          try (repository) {
            repository.copy(file.id(), out);
          }
        };
    return attachment(body, repository.size(file.id()), file.text());
  }

  private static Response attachment(StreamingOutput body, long size, String name) {
    return Response.ok(body, MediaType.APPLICATION_OCTET_STREAM)
        .header("Content-Length", size)
        .header("Content-Disposition", "attachment; filename*=UTF-8''" + encoded(name))
        .header("X-Content-Type-Options", "nosniff")
        .build();
  }

  /** The one file is read, and nothing is kept. */
  private Response asItIs(String run, List<String> names) throws IOException {
    try {
      WorkspaceFiles.Reading file =
          now.open(run, WorkspacePath.of(names.isEmpty() ? "." : String.join("/", names)));
      StreamingOutput body =
          out -> {
            try (file) {
              file.copy(out);
            }
          };
      return attachment(body, file.size(), names.getLast());
    } catch (WorkspaceException e) {
      throw FileParams.refused(e);
    }
  }

  /** Nothing of a name is taken for syntax. */
  private static String encoded(String name) {
    StringBuilder out = new StringBuilder();
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      boolean plain = b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z';
      if (plain || b == '.' || b == '-' || b == '_') {
        out.append((char) b);
      } else {
        out.append("%%%02X".formatted(b & 0xff));
      }
    }
    return out.toString();
  }

  /** Where one can go back to. */
  @GET
  @Path("/{id}/snapshots")
  @Operation(summary = "A run's snapshots, oldest first")
  public Bodies.Page<FileBodies.Snapshot> snapshots(
      @PathParam("id") String id,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security) {
    String run = run(id, security);
    int most = Params.limit(limit);
    long after = cursor == null ? 0 : Params.seqCursor(cursor);
    List<FileStore.Snapshot> found = files.list(run, after, most + 1);
    List<FileBodies.Snapshot> items =
        found.stream().limit(most).map(FilesResource::snapshot).toList();
    return new Bodies.Page<>(
        items, found.size() > most ? String.valueOf(items.getLast().seq()) : null);
  }

  private static FileBodies.Snapshot snapshot(FileStore.Snapshot kept) {
    return new FileBodies.Snapshot(
        kept.id(),
        kept.seq(),
        kept.at(),
        kept.kind(),
        kept.toolUseId(),
        kept.files(),
        kept.bytes(),
        kept.changed());
  }

  // ---- parts -------------------------------------------------------------------------------

  private String run(String id, SecurityContext security) {
    Access access = TokenFilter.access(security);
    return Params.run(runs, access, id);
  }
}
