package dev.helm.service.rest;

import dev.helm.activities.images.ImageList;
import dev.helm.activities.snapshot.Snapshots;
import dev.helm.activities.snapshot.WorkspaceRestore;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.activities.workspace.WorkspaceLimits;
import dev.helm.api.Sha256;
import dev.helm.api.Usd;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.service.files.EpochFailure;
import dev.helm.service.files.Epochs;
import dev.helm.service.files.PlainSandbox;
import dev.helm.service.store.Store;
import dev.helm.workflows.Fact;
import dev.helm.workflows.Signals;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What the workflows do to the log, without workflows: the right events in the real store. */
final class FakeBackend implements Backend, RunControl {
  final Store store;
  final AtomicInteger starts = new AtomicInteger();
  volatile boolean down;

  /** A run that nobody can tell anything. */
  volatile @Nullable String rollingBack;

  volatile boolean deaf;
  volatile @Nullable String readOnly;
  volatile ImageList images = ImageList.NONE;

  final PlainSandbox sandbox;
  private final Snapshots snapshots;
  private final Epochs epochs;

  FakeBackend(Store store, Path home) {
    this.store = store;
    this.sandbox = new PlainSandbox(home);
    this.snapshots =
        new Snapshots(home, sandbox, WorkspaceLimits.DEFAULT, java.time.Clock.systemUTC());
    this.epochs =
        new Epochs(
            store,
            sandbox,
            snapshots,
            new WorkspaceRestore(snapshots, -1, step -> {}),
            (run, epoch, by) -> refuseWhenDown(),
            run -> starts.incrementAndGet());
  }

  @Override
  public ImageList images() {
    return images;
  }

  @Override
  public Epochs epochs() {
    return epochs;
  }

  @Override
  public Snapshots snapshots() {
    return snapshots;
  }

  @Override
  public WorkspaceFiles files(String run) {
    return sandbox.files(run);
  }

  /** A file of the run's workspace. */
  void write(String run, String name, String content) {
    try {
      Path file = sandbox.workspace(run).resolve(name);
      java.nio.file.Files.createDirectories(file.getParent());
      java.nio.file.Files.writeString(file, content);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** A permission that is open in the run; its id is given, its arguments say so. */
  String ask(String run, String permissionId) {
    String arguments = "{\"to\":\"leadership@example.com\",\"n\":\"" + permissionId + "\"}";
    String hash = Sha256.hex(arguments);
    Content content = Content.text(arguments);
    append(
        run,
        "requested-" + permissionId,
        new RunEvent.ToolRequested(
            "t-" + permissionId, "SendEmail", content, hash, "leadership@", 1));
    append(
        run,
        "asked-" + permissionId,
        new RunEvent.PermissionRequested(
            permissionId,
            "t-" + permissionId,
            "SendEmail",
            content,
            hash,
            "leadership@",
            "the brief is ready",
            "SendEmail",
            Instant.now().plus(Duration.ofMinutes(30)).toString(),
            1));
    return hash;
  }

  void timeOut(String run, String permissionId, String hash) {
    append(
        run,
        "decided-" + permissionId,
        new RunEvent.PermissionDecided(
            permissionId, "t-" + permissionId, "deny", "timeout", null, "timed out", hash));
  }

  /** A permission that was allowed for the rest of the run. */
  void remembered(String run, String permissionId, String ruleId) {
    String hash = ask(run, permissionId);
    append(
        run,
        "decided-" + permissionId,
        new RunEvent.PermissionDecided(
            permissionId,
            "t-" + permissionId,
            "allow",
            "owner",
            null,
            null,
            hash,
            null,
            new RunEvent.Remembered(ruleId, "run", "SendEmail", null)));
  }

  void question(String run, String questionId) {
    question(run, questionId, null);
  }

  void freeQuestion(String run, String questionId) {
    question(run, questionId, true);
  }

  private void question(String run, String questionId, @Nullable Boolean freeText) {
    append(
        run,
        "question-" + questionId,
        new RunEvent.QuestionAsked(
            questionId,
            "t-" + questionId,
            "Which quarter?",
            List.of("Q1", "Q2"),
            Instant.now().plus(Duration.ofMinutes(30)).toString(),
            freeText));
  }

  void finish(String run) {
    append(run, "finished", new RunEvent.RunFinished("succeeded", null, null));
  }

  void read(String run, String messageId) {
    append(run, "read-" + messageId, new RunEvent.MessageRead(messageId, 2));
  }

  void append(String run, String key, RunEvent event) {
    store.log().append(run, List.of(new Fact(key, "main", event)));
  }

  @Override
  public RunControl control() {
    return this;
  }

  @Override
  public List<Bodies.Component> components() {
    return List.of(new Bodies.Component("workflows", down ? "down" : "healthy", null));
  }

  @Override
  public @Nullable String readOnlyBecause() {
    return readOnly;
  }

  @Override
  public void start() {}

  @Override
  public void close() {}

  @Override
  public void start(String run) {
    refuseWhenDown();
    starts.incrementAndGet();
    append(run, "started", new RunEvent.RunStarted(1, null));
  }

  @Override
  public void decide(String run, Signals.Decide decision) {
    refuseWhenDown();
    if (deaf) {
      return;
    }
    String permissionId = decision.permissionId();
    Signals.Edited edited = decision.edited();
    byte[] text = edited == null ? null : store.blobs().get(edited.sha256());
    try {
      append(
          run,
          "decided-" + permissionId,
          new RunEvent.PermissionDecided(
              permissionId,
              "t-" + permissionId,
              decision.allow() ? "allow" : "deny",
              decision.by(),
              decision.device(),
              decision.reason(),
              edited == null ? String.valueOf(decision.argumentsHash()) : edited.argumentsHash(),
              text == null ? null : Content.text(new String(text, StandardCharsets.UTF_8)),
              decision.remember()));
    } catch (RunLog.KeyConflictException e) {
      // Somebody was first: that is what the tests look for.
    }
  }

  @Override
  public void answer(String run, String questionId, String answer, String by, String requestId) {
    refuseWhenDown();
    append(
        run,
        "answered-" + questionId,
        new RunEvent.QuestionAnswered(questionId, Content.text(answer), by));
  }

  @Override
  public void message(String run, String messageId, String when) {
    refuseWhenDown();
    if (run.equals(rollingBack)) {
      throw new EpochFailure(EpochFailure.Kind.BUSY, "it began after the message was stored", null);
    }
  }

  @Override
  public void cancelMessage(String run, String messageId, String by) {
    refuseWhenDown();
  }

  @Override
  public void pause(String run, String by, String requestId) {
    refuseWhenDown();
    if (run.equals(rollingBack)) {
      throw new EpochFailure(EpochFailure.Kind.BUSY, "the run is being rolled back", null);
    }
    append(run, "paused-" + requestId, new RunEvent.RunPaused("person", by, null, null, null));
  }

  @Override
  public void resume(String run, String by, String requestId) {
    refuseWhenDown();
    append(run, "resumed-" + requestId, new RunEvent.RunResumed("person", by));
  }

  @Override
  public void cancel(String run, String by, String requestId) {
    refuseWhenDown();
    append(run, "finished", new RunEvent.RunFinished("cancelled", null, by));
  }

  @Override
  public Usd raiseBudget(String run, Usd add, String by, String requestId) {
    refuseWhenDown();
    Usd cap = store.runs().money(run).capUsd().plus(add);
    append(run, "raised-" + requestId, new RunEvent.BudgetRaised(add, cap, by));
    return cap;
  }

  private void refuseWhenDown() {
    if (down) {
      throw new WorkflowsDown("connection refused", null);
    }
  }
}
