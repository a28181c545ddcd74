package dev.helm.service.rest;

import dev.helm.activities.snapshot.SnapshotRepository;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.TreeDiff;
import dev.helm.activities.snapshot.Unsaved;
import dev.helm.api.Role;
import dev.helm.api.RunId;
import dev.helm.api.RunStatus;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.FileBodies;
import dev.helm.service.auth.Caller;
import dev.helm.service.files.Epochs;
import dev.helm.service.files.Outward;
import dev.helm.service.files.Steps;
import dev.helm.service.store.Access;
import dev.helm.service.store.BlueprintStore;
import dev.helm.service.store.EpochStore;
import dev.helm.service.store.FileStore;
import dev.helm.service.store.Moment;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
import dev.helm.workflows.HelmJson;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Back to a step, and from a step into a new run. */
@Path("/api/runs")
@Tag(name = "files")
@Produces(MediaType.APPLICATION_JSON)
public final class RollbackResource {
  private static final Logger LOG = LoggerFactory.getLogger(RollbackResource.class);
  private static final int PATHS_MAX = 1_000;
  private static final int STATE_CHARS = 16;

  private final RunQueries runs;
  private final BlueprintStore blueprints;
  private final FileStore files;
  private final Store store;
  private final Backend backend;
  private final boolean practice;

  /** With where runs are, and what works on them. */
  public RollbackResource(Store store, Backend backend, boolean practice) {
    this.runs = store.queries();
    this.blueprints = store.blueprints();
    this.files = store.files();
    this.store = store;
    this.backend = backend;
    this.practice = practice;
  }

  /** Conversation, workspace and open permissions as they were. */
  @POST
  @Path("/{id}/rollback")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Roll back to a step: conversation, workspace, permissions; the run then waits")
  @ApiResponse(
      responseCode = "200",
      useReturnTypeSchema = true,
      description = "what changed, or would change")
  public FileBodies.Rollback rollback(
      @PathParam("id") String id,
      FileBodies.RollbackRequest request,
      @Context ContainerRequestContext context)
      throws IOException {
    Bodies.Run run = run(id, context);
    String to = name("to", request.to());
    if (to.equals("now")) {
      throw ProblemException.member("to", "now is where the run stands", "name an earlier step");
    }
    backend.control().free(run.id());
    FileStore.Snapshot workspace = workspace(run.id(), "to", to);
    long seq = seq(to, workspace);
    if (Boolean.TRUE.equals(request.preview())) {
      return preview(run.id(), seq, workspace);
    }
    String key = IdempotencyFilter.requestId(context);
    Epochs.Done made = backend.epochs().made(run.id(), workspace, seq, key);
    if (made == null) {
      refuse(preview(run.id(), seq, workspace), request.state());
    }
    Epochs.Done done =
        made != null
            ? made
            : done(() -> backend.epochs().rollback(run.id(), workspace, seq, by(context), key));
    FileBodies.Rollback was = lists(run.id(), seq, workspace, done);
    return new FileBodies.Rollback(
        run.id(),
        seq,
        workspace.id(),
        done.epoch(),
        done.undoSnapshotId(),
        done.counts().created(),
        done.counts().changed(),
        done.counts().deleted(),
        was.files(),
        was.truncated(),
        was.unsaved(),
        was.outward(),
        was.outwardCalls(),
        null);
  }

  /**
   * What cannot be done is refused before anything is interrupted. What the run does between this
   * look and its end may still have it refused, or is in the undo snapshot.
   */
  private static void refuse(FileBodies.Rollback would, @Nullable String state) {
    if (state != null && !state.equals(would.state())) {
      throw ProblemException.of(
          ErrorCode.STALE,
          "the run has changed since that preview, so it was not rolled back",
          "look at the preview again, and send its state");
    }
    List<FileBodies.Unsaved> lost =
        would.unsaved().stream().filter(file -> file.fate().equals("blocks")).toList();
    if (!lost.isEmpty()) {
      throw ProblemException.of(
          ErrorCode.FILES_NOT_SAVED,
          "files would be lost, so the run was not rolled back",
          "no snapshot holds "
              + lost.get(0).path()
              + " ("
              + lost.get(0).why()
              + ")"
              + (lost.size() > 1 ? " and " + (lost.size() - 1) + " more" : "")
              + "; fork the run at that step instead, or let the agent move or delete them first;"
              + " the run is as it was");
    }
  }

  /** It is done: what cannot be listed must not have the client ask for it again. */
  private FileBodies.Rollback lists(
      String run, long seq, FileStore.Snapshot workspace, Epochs.Done done) {
    try (SnapshotRepository repository = backend.snapshots().open(run)) {
      Outward.Calls outward = Outward.after(store, run, seq);
      FileStore.Snapshot undo =
          Objects.requireNonNull(files.named(run, done.undoSnapshotId()), "it was just made");
      return changes(outward, repository, run, seq, workspace, undo.tree(), done.unsaved());
    } catch (IOException | RuntimeException e) {
      LOG.warn("run {} was rolled back, and what changed cannot be listed", run, e);
      return new FileBodies.Rollback(
          run,
          seq,
          workspace.id(),
          null,
          null,
          0,
          0,
          0,
          List.of(),
          true,
          List.of(),
          List.of(),
          0,
          null);
    }
  }

  private FileBodies.Rollback preview(String run, long seq, FileStore.Snapshot workspace)
      throws IOException {
    try (Snapshots.Look now = new WorkspaceNow(store.epochs(), backend).look(run)) {
      List<Unsaved> unsaved =
          Unsaved.of(now.repository(), now.taken(), ObjectId.fromString(workspace.tree()));
      Outward.Calls outward = Outward.after(store, run, seq);
      return changes(outward, now.repository(), run, seq, workspace, now.taken().tree(), unsaved);
    }
  }

  private static FileBodies.Rollback changes(
      Outward.Calls outward,
      SnapshotRepository repository,
      String run,
      long seq,
      FileStore.Snapshot workspace,
      String from,
      List<Unsaved> unsaved)
      throws IOException {
    TreeDiff.Result diff =
        TreeDiff.plain(
            repository, ObjectId.fromString(from), ObjectId.fromString(workspace.tree()));
    EpochStore.Counts counts = Epochs.counts(diff);
    List<FileBodies.FileChange> paths =
        diff.changes().stream()
            .filter(change -> !change.directory())
            .map(RollbackResource::change)
            .toList();
    return new FileBodies.Rollback(
        run,
        seq,
        workspace.id(),
        null,
        null,
        counts.created(),
        counts.changed(),
        counts.deleted(),
        paths.stream().limit(PATHS_MAX).toList(),
        paths.size() > PATHS_MAX,
        unsaved.stream().limit(PATHS_MAX).map(RollbackResource::unsaved).toList(),
        outward.listed(),
        outward.all(),
        state(List.of(run, workspace.tree(), seq, from, unsaved, outward.all())));
  }

  private static String state(List<Object> of) {
    return Sha256.hex(of.toString()).substring(0, STATE_CHARS);
  }

  private static FileBodies.Unsaved unsaved(Unsaved file) {
    String fate =
        switch (file.fate()) {
          case KEPT -> "kept";
          case REMOVED -> "removed";
          case BLOCKS -> "blocks";
        };
    return new FileBodies.Unsaved(file.path(), file.why(), fate);
  }

  private static FileBodies.FileChange change(TreeDiff.Change change) {
    String word =
        change.before() == null ? "created" : change.after() == null ? "deleted" : "changed";
    return new FileBodies.FileChange(change.path(), word);
  }

  /** A new run that begins with what this one was. */
  @POST
  @Path("/{id}/fork")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Start a new run from a step of this one; without {at} from now")
  @ApiResponse(responseCode = "201", useReturnTypeSchema = true, description = "the new run")
  public Bodies.Run fork(
      @PathParam("id") String id,
      FileBodies.ForkRequest request,
      @Context ContainerRequestContext context)
      throws IOException {
    Bodies.Run parent = run(id, context);
    String readOnly = backend.readOnlyBecause();
    if (readOnly != null) {
      throw ProblemException.of(
          ErrorCode.READ_ONLY, "no run can start: Helm is read-only", readOnly);
    }
    backend.control().free(parent.id());
    String at = request.at() == null ? "now" : name("at", request.at());
    FileStore.Snapshot workspace;
    long seq;
    if (at.equals("now")) {
      seq = files.lastSeq(parent.id());
      workspace = Objects.requireNonNull(workspace(parent.id(), "at", String.valueOf(seq)));
    } else {
      workspace = workspace(parent.id(), "at", at);
      seq = seq(at, workspace);
    }
    String message = request.message();
    if (message != null) {
      Params.text("message", message, 10_000);
    }
    Moment moment = store.moments().at(parent.id(), seq);
    if (message == null && atItsEnd(parent, seq, moment)) {
      throw ProblemException.of(
          ErrorCode.RUN_FINISHED,
          "the agent was finished at that step, so a fork would have nothing to do",
          "name an earlier step (--at), or say what is to be done next (--message)");
    }
    EpochStore.Fork fork =
        new EpochStore.Fork(parent.id(), seq, workspace, moment, message, by(context));
    RunQueries.NewRun child = child(parent, request.blueprint(), context);
    RunQueries.Created created = done(() -> backend.epochs().fork(child, fork));
    StatusFilter.answer(context, Response.Status.CREATED);
    return created.run();
  }

  /** Whether the last word at that step is the agent's, which a run ends with. */
  private boolean atItsEnd(Bodies.Run parent, long seq, Moment moment) {
    if (parent.status().active()) {
      return false;
    }
    boolean said = moment.head() != null && moment.calls().isEmpty() && moment.results().isEmpty();
    return said || parent.status() == RunStatus.SUCCEEDED && seq == files.lastSeq(parent.id());
  }

  private RunQueries.NewRun child(
      Bodies.Run parent, @Nullable String reference, ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    RunQueries.Started started =
        Objects.requireNonNull(runs.started(parent.id()), "a run that is seen was started");
    Blueprint.Stored blueprint = started.blueprint();
    if (reference != null) {
      Params.line("blueprint", reference, 100);
      blueprint = blueprints.find(caller.access(), reference);
      if (blueprint == null) {
        throw ProblemException.of(
            ErrorCode.NOT_FOUND,
            "there is no blueprint \"" + reference + "\"",
            "helm blueprint list lists them");
      }
      if (!blueprint.blueprint().project().equals(parent.project())) {
        throw ProblemException.member(
            "blueprint", "it belongs to another project", "a fork stays in its run's project");
      }
    }
    // It may have been stored when the operator's list was another.
    backend
        .images()
        .refusal(blueprint.blueprint())
        .ifPresent(
            image -> {
              throw ProblemException.member("blueprint", image.why(), image.hint());
            });
    return new RunQueries.NewRun(
        RunId.random().value(),
        parent.name(),
        blueprint,
        caller.userId(),
        caller.name(),
        blueprint.blueprint().budget().perRunUsd(),
        started.input(),
        HelmJson.write(started.input()),
        started.prompt(),
        practice,
        IdempotencyFilter.requestId(context));
  }

  // ---- parts -------------------------------------------------------------------------------

  private Bodies.Run run(String id, ContainerRequestContext context) {
    Access access = TokenFilter.caller(context.getSecurityContext()).access();
    Bodies.Run run =
        Objects.requireNonNull(
            runs.run(access, Params.run(runs, access, id)), "a resolved run is there");
    Permit.require(context, Role.OPERATOR, run.project());
    return run;
  }

  private static String by(ContainerRequestContext context) {
    return TokenFilter.caller(context.getSecurityContext()).name();
  }

  private static String name(String member, Object step) {
    boolean known = step instanceof String || step instanceof Integer || step instanceof Long;
    String name = String.valueOf(step);
    if (!known || name.isEmpty() || name.length() > 64) {
      throw ProblemException.member(
          member, "expected start, a snapshot's id, or the number of an event", null);
    }
    return name;
  }

  private FileStore.Snapshot workspace(String run, String member, String name) {
    FileStore.Snapshot found = new Steps(files).kept(run, name);
    if (found == null) {
      throw FileParams.noStep(member, name);
    }
    return found;
  }

  private static long seq(String name, FileStore.Snapshot workspace) {
    return Steps.isSeq(name) ? Long.parseLong(name) : workspace.seq();
  }

  /** Does it, with its failures as REST tells them. */
  static <T> T done(Callable<T> work) {
    try {
      return work.call();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("the workspace cannot be worked on: " + e.getMessage(), e);
    }
  }
}
