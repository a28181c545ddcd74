package dev.helm.service.rest;

import dev.helm.activities.snapshot.Patch;
import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.TreeDiff;
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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** A run's files at any step: browse, read, compare. Nothing here follows a link. */
@Path("/api/runs")
@Tag(name = "files")
@Produces(MediaType.APPLICATION_JSON)
public final class FilesResource {
  private static final int ENTRIES_MAX = 100_000;
  private static final String PATCH = "text/x-diff";

  /** Comparisons at a time; each may take tens of megabytes for a moment. */
  private static final Semaphore DIFFS = new Semaphore(4);

  private final RunQueries runs;
  private final FileStore files;
  private final Backend backend;

  /** With where runs, snapshots and workspaces are. */
  public FilesResource(RunQueries runs, FileStore files, Backend backend) {
    this.runs = runs;
    this.files = files;
    this.backend = backend;
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
    List<String> names = names(path);
    int most = Params.limit(limit);
    String name = at == null ? "now" : at;
    List<FileBodies.FileEntry> entries;
    long seq;
    if (name.equals("now")) {
      seq = files.lastSeq(run);
      entries = now(run, names);
    } else {
      Steps.Step step = step(run, "at", name);
      seq = step.seq();
      entries = kept(run, step, names);
    }
    return page(run, seq, entries, most, cursor);
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
    List<String> names = names(path);
    if (at == null || at.equals("now")) {
      return asItIs(run, names);
    }
    Steps.Step step = step(run, "at", at);
    SnapshotRepository repository = backend.snapshots().open(run);
    boolean streams = false;
    try {
      TreeItem<ObjectId> file = found(repository, step, names);
      if (file.kind() != TreeNode.Kind.FILE) {
        throw ProblemException.of(
            ErrorCode.NOT_FOUND,
            "that path is no file but a " + Diffs.type(file.kind()),
            "links are shown by GET files, and never followed");
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
          backend
              .files(run)
              .open(WorkspacePath.of(names.isEmpty() ? "." : String.join("/", names)));
      StreamingOutput body =
          out -> {
            try (file) {
              file.copy(out);
            }
          };
      return attachment(body, file.size(), names.getLast());
    } catch (WorkspaceException e) {
      throw refused(e);
    }
  }

  private static ProblemException refused(WorkspaceException e) {
    return switch (e.reason()) {
      case NOT_FOUND, LINK, WRONG_TYPE -> absent();
      case TOO_LARGE ->
          ProblemException.of(ErrorCode.TOO_LARGE, String.valueOf(e.getMessage()), null);
      case BAD_PATH, FULL, REFUSED ->
          ProblemException.member("path", String.valueOf(e.getMessage()), null);
    };
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
    String run = run(id, security);
    String below = String.join("/", names(path));
    String left = from == null ? "start" : from;
    String right = to == null ? "now" : to;
    Steps.Step before = left.equals("now") ? null : step(run, "from", left);
    Steps.Step after = right.equals("now") ? null : step(run, "to", right);
    if (!DIFFS.tryAcquire()) {
      throw ProblemException.later(
          ErrorCode.TOO_MANY_REQUESTS,
          "too many compare files at once; nothing was compared",
          "try again in a moment",
          2);
    }
    boolean now = before == null || after == null;
    Snapshots.Look look = null;
    try {
      look = now ? backend.snapshots().look(run) : backend.snapshots().kept(run);
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

  private Steps.Step step(String run, String member, String name) {
    Steps.Step step = name.length() > 64 ? null : new Steps(files).find(run, name);
    if (step == null) {
      throw noStep(member, name);
    }
    return step;
  }

  static ProblemException noStep(String member, String name) {
    return ProblemException.of(
        ErrorCode.NOT_FOUND,
        "this run has no such step: "
            + member
            + "="
            + (name.length() > 64 ? name.substring(0, 64) : name),
        "now, start, a snapshot's id or the number of an event; helm diff RUN --snapshots lists"
            + " them");
  }

  private static List<String> names(@Nullable String path) {
    if (path == null || path.isEmpty()) {
      return List.of();
    }
    List<String> names = new ArrayList<>();
    try {
      WorkspacePath checked = WorkspacePath.of(path);
      for (String name : checked.parts()) {
        if (name.equals("..")) {
          throw ProblemException.member("path", "\"..\" is not followed here", null);
        }
        names.add(name);
      }
    } catch (WorkspaceException e) {
      throw ProblemException.member("path", String.valueOf(e.getMessage()), null);
    }
    return names;
  }

  private static TreeItem<ObjectId> found(
      SnapshotRepository repository, Steps.Step step, List<String> names) throws IOException {
    TreeItem<ObjectId> item =
        repository.find(
            ObjectId.fromString(step.tree()),
            names.stream().map(name -> name.getBytes(StandardCharsets.UTF_8)).toList());
    if (item == null) {
      throw absent();
    }
    return item;
  }

  private static ProblemException absent() {
    return ProblemException.of(
        ErrorCode.NOT_FOUND, "there is no such file at that step", "GET files lists what is there");
  }

  private List<FileBodies.FileEntry> now(String run, List<String> names) throws IOException {
    try {
      WorkspacePath path = WorkspacePath.of(names.isEmpty() ? "." : String.join("/", names));
      return backend.files(run).list(path, ENTRIES_MAX).stream()
          .map(
              entry ->
                  entry(
                      names,
                      entry.name(),
                      entry.type().name().toLowerCase(java.util.Locale.ROOT),
                      entry.type() == WorkspaceFiles.Type.DIRECTORY ? 0 : entry.bytes(),
                      entry.mode(),
                      entry.target()))
          .toList();
    } catch (WorkspaceException e) {
      if (names.isEmpty() && e.reason() == WorkspaceException.Reason.NOT_FOUND) {
        return List.of(); // no container has had it yet
      }
      throw refused(e);
    }
  }

  private List<FileBodies.FileEntry> kept(String run, Steps.Step step, List<String> names)
      throws IOException {
    List<FileBodies.FileEntry> entries = new ArrayList<>();
    try (SnapshotRepository repository = backend.snapshots().open(run)) {
      TreeItem<ObjectId> directory = found(repository, step, names);
      if (directory.kind() != TreeNode.Kind.DIRECTORY) {
        throw absent();
      }
      for (TreeItem<ObjectId> item : repository.list(directory.id())) {
        boolean isDirectory = item.kind() == TreeNode.Kind.DIRECTORY;
        entries.add(
            entry(
                names,
                WorkspacePath.shown(item.text()),
                Diffs.type(item.kind()),
                isDirectory ? 0 : repository.size(item.id()),
                item.permissions(),
                item.kind() == TreeNode.Kind.LINK
                    ? WorkspacePath.shown(
                        new String(repository.target(item.id()), StandardCharsets.UTF_8))
                    : null));
      }
    }
    return entries;
  }

  private static FileBodies.FileEntry entry(
      List<String> parents,
      String name,
      String type,
      long size,
      int mode,
      @Nullable String target) {
    String path = parents.isEmpty() ? name : String.join("/", parents) + "/" + name;
    // A link has no permissions of its own: a snapshot keeps none, a file system says 0777.
    int shown = target == null ? mode : 0777;
    return new FileBodies.FileEntry(
        path, type, size, Diffs.mode(shown), target, List.of(), List.of());
  }

  private Bodies.Page<FileBodies.FileEntry> page(
      String run,
      long seq,
      List<FileBodies.FileEntry> entries,
      int limit,
      @Nullable String cursor) {
    List<FileBodies.FileEntry> page =
        entries.stream()
            .filter(entry -> cursor == null || entry.path().compareTo(cursor) > 0)
            .sorted(Comparator.comparing(FileBodies.FileEntry::path))
            .limit(limit + 1L)
            .toList();
    Map<String, FileStore.Touched> touched = files.touched(run, seq);
    List<FileBodies.FileEntry> items =
        page.stream().limit(limit).map(entry -> withTouches(entry, touched)).toList();
    return new Bodies.Page<>(items, page.size() > limit ? items.getLast().path() : null);
  }

  private static FileBodies.FileEntry withTouches(
      FileBodies.FileEntry entry, Map<String, FileStore.Touched> touched) {
    FileStore.Touched by =
        Objects.requireNonNullElse(
            touched.get(entry.path()), new FileStore.Touched(List.of(), List.of()));
    return new FileBodies.FileEntry(
        entry.path(),
        entry.type(),
        entry.size(),
        entry.mode(),
        entry.target(),
        by.readBy(),
        by.writtenBy());
  }
}
