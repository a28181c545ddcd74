package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.publish.Bundle;
import dev.helm.activities.publish.Destination;
import dev.helm.activities.publish.Hand;
import dev.helm.activities.publish.Handed;
import dev.helm.activities.publish.Publishing;
import dev.helm.activities.run.Heart;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.workspace.WorkspaceException;
import dev.helm.activities.workspace.WorkspacePath;
import dev.helm.api.Secret;
import dev.helm.api.Sha256;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.ToolCall;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Hands files of the workspace to a destination of the operator's. A folder and a git branch show
 * whether they were reached, so a lost attempt is looked for and finished; a webhook does not, so
 * there it is unknown.
 */
final class Publish implements Effect {
  static final String NAME = "Publish";
  static final int AT_ONCE_MAX = 8;
  private static final long LOOK_EVERY_MS = 200;

  private final RunLog log;
  private final Blobs blobs;
  private final Sandbox sandbox;
  private final Elsewhere elsewhere;
  private final Clock clock;
  private final Map<String, Hand> atWork = new ConcurrentHashMap<>();

  /** Files are in memory while they are read or sent: of so many calls one each. */
  private final Semaphore places = new Semaphore(AT_ONCE_MAX, true);

  Publish(RunLog log, Blobs blobs, Sandbox sandbox, Elsewhere elsewhere, Clock clock) {
    this.log = log;
    this.blobs = blobs;
    this.sandbox = sandbox;
    this.elsewhere = elsewhere;
    this.clock = clock;
  }

  // ---- before anybody is asked -------------------------------------------------------------

  /** Why it can never be done, or null. */
  @Nullable String refusal(CallContext context) {
    String to = context.call().text("to");
    if (to == null || !(context.call().arguments().get("files") instanceof List<?>)) {
      // What is wrong with the arguments is told by the look at them.
      return null;
    }
    String project = context.info().blueprint().project();
    if (publishing().find(to, project) == null) {
      List<String> names = publishing().names(project);
      return "there is no destination \""
          + to
          + "\" for runs of project "
          + project
          + "; "
          + (names.isEmpty()
              ? "the operator has named none (publish in config.yml)"
              : "there are: " + String.join(", ", names));
    }
    try {
      read(context, false);
      return null;
    } catch (Wrong e) {
      return e.getMessage();
    }
  }

  /**
   * What people are shown: where to, and each file with its size and hash as it is when they are
   * asked. The hashes are kept: what was shown is what is handed out, or nothing is.
   */
  String shown(CallContext context) {
    String kept = log.outcome(context.run(), context.key("shown"));
    if (kept == null) {
      try {
        kept = HelmJson.write(read(context, false));
      } catch (Wrong e) {
        return "The files cannot be read: " + e.getMessage();
      }
      log.append(context.run(), List.of(), context.key("shown"), kept);
    }
    Destination to = destination(context);
    StringBuilder text =
        new StringBuilder("to ").append(to == null ? "nowhere" : to.shown()).append('\n');
    for (Bundle.Item file : items(kept)) {
      text.append(file.path())
          .append(" · ")
          .append(file.bytes())
          .append(" bytes · sha256 ")
          .append(file.sha256())
          .append('\n');
    }
    return text.toString();
  }

  private static List<Bundle.Item> items(String json) {
    return List.of(HelmJson.read(json, Bundle.Item[].class));
  }

  // ---- effect ------------------------------------------------------------------------------

  @Override
  public String prepare(CallContext context) {
    try {
      List<Bundle.Item> files = read(context, true);
      String changed = changed(context, files);
      if (changed == null) {
        String message = context.call().text("message");
        return HelmJson.write(
            new Bundle(
                Sha256.hex(context.run() + "/" + context.key("publish")).substring(0, 40),
                context.run(),
                context.info().blueprint().name(),
                message == null ? "" : message,
                clock.millis(),
                files));
      }
      return HelmJson.write(Map.of("error", changed));
    } catch (Wrong e) {
      return HelmJson.write(Map.of("error", String.valueOf(e.getMessage())));
    }
  }

  /** Its key says that it is the same: whoever has it may take the one for the other. */
  @Override
  public String prepareAgain(CallContext context, String before) {
    return HelmJson.read(before, JsonNode.class).has("error") ? prepare(context) : before;
  }

  /** Which file is not what was shown to people, or null. Files that nobody was shown are free. */
  private @Nullable String changed(CallContext context, List<Bundle.Item> files) {
    String kept = log.outcome(context.run(), context.key("shown"));
    if (kept == null) {
      return null;
    }
    for (Bundle.Item before : items(kept)) {
      for (Bundle.Item now : files) {
        if (now.path().equals(before.path()) && !now.sha256().equals(before.sha256())) {
          return now.path()
              + " has changed since people were asked; nothing was handed out. Call again to ask"
              + " for what it is now";
        }
      }
    }
    return null;
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    return run(context, attempt, prepared, heart, attempt > 1);
  }

  private Result run(
      CallContext context, int attempt, String prepared, Heart heart, boolean again) {
    JsonNode node = HelmJson.read(prepared, JsonNode.class);
    if (node.has("error")) {
      return failed(node.path("error").asText());
    }
    Destination to = destination(context);
    if (to == null) {
      return failed("the operator took this destination away");
    }
    Hand hand = new Hand(elsewhere.outgoing(), publishing(), clock);
    switch (hand.way(to)) {
      case Hand.Way.Local local -> {
        // Nothing leaves this machine.
      }
      case Hand.Way.Open open ->
          record(
              context,
              attempt,
              new RunEvent.EgressAllowed(context.toolUseId(), open.host(), open.port()));
      case Hand.Way.Closed closed -> {
        record(
            context,
            attempt,
            new RunEvent.EgressDenied(
                context.toolUseId(), closed.host(), closed.port(), closed.reason()));
        return failed(closed.reason());
      }
    }
    if (heart.interrupted()) {
      return new Result.Ended(
          ToolEnd.interrupted("A person interrupted; nothing was handed out."), null);
    }
    Bundle bundle = HelmJson.read(prepared, Bundle.class);
    if (!enter(heart)) {
      return new Result.Ended(
          ToolEnd.interrupted("A person interrupted; nothing was handed out."), null);
    }
    atWork.put(context.effectKey(attempt), hand);
    try {
      return result(
          context,
          hand.hand(to, bundle, this::content, again, name -> secret(context, name)),
          bundle);
    } finally {
      atWork.remove(context.effectKey(attempt));
      places.release();
    }
  }

  /** Waits for a place; false if a person interrupts meanwhile. */
  private boolean enter(Heart heart) {
    try {
      while (!places.tryAcquire(LOOK_EVERY_MS, TimeUnit.MILLISECONDS)) {
        if (heart.interrupted()) {
          return false;
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the service ends", e);
    }
  }

  private @Nullable Secret secret(CallContext context, String name) {
    try {
      return elsewhere.secrets().get(context.info().blueprint().project(), name);
    } catch (Secrets.UnreadableException e) {
      return null;
    }
  }

  private static Result result(CallContext context, Handed handed, Bundle bundle) {
    int count = bundle.files().size();
    String files = count + (count == 1 ? " file" : " files");
    return switch (handed) {
      case Handed.Done done ->
          new Result.Ended(
              new ToolEnd(
                  "ok",
                  "published · " + files + " · " + context.call().text("to"),
                  "Handed " + files + " to " + done.where() + ".",
                  false,
                  null,
                  bundle.bytes(),
                  0,
                  List.of(),
                  bundle.files().stream().map(Bundle.Item::path).toList()),
              null);
      case Handed.Failed failed -> failed(failed.why());
      case Handed.Unknown unknown -> new Result.Unknown(unknown.why());
    };
  }

  private static Result failed(String why) {
    return new Result.Ended(
        ToolEnd.failed("failed · not published", "Not published: " + why), null);
  }

  private void record(CallContext context, int attempt, RunEvent event) {
    log.append(context.run(), List.of(context.fact("egress-" + attempt, event)));
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    return destination(context) instanceof Destination.Webhook
            && !HelmJson.read(prepared, JsonNode.class).has("error")
        ? new Result.Unknown("the service was restarted while the files were being sent")
        : run(context, attempt, prepared, heart, true);
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    Hand hand = atWork.get(context.effectKey(attempt));
    if (hand != null) {
      hand.stop();
    }
  }

  @Override
  public boolean repeatable() {
    return false;
  }

  @Override
  public Touch touch() {
    return Touch.NOTHING;
  }

  // ---- parts -------------------------------------------------------------------------------

  private Publishing publishing() {
    return elsewhere.publishing();
  }

  private @Nullable Destination destination(CallContext context) {
    String to = Objects.requireNonNull(context.call().text("to"));
    return publishing().find(to, context.info().blueprint().project());
  }

  private byte[] content(Bundle.Item file) {
    byte[] bytes = blobs.get(file.sha256());
    if (bytes == null) {
      throw new IllegalStateException("the content of " + file.path() + " is no longer stored");
    }
    return bytes;
  }

  private List<Bundle.Item> read(CallContext context, boolean keep) throws Wrong {
    places.acquireUninterruptibly();
    try {
      return items(context, keep);
    } finally {
      places.release();
    }
  }

  private List<Bundle.Item> items(CallContext context, boolean keep) throws Wrong {
    ToolCall call = context.call();
    List<Bundle.Item> items = new ArrayList<>();
    Set<String> paths = new HashSet<>();
    long left = Bundle.BYTES_MAX;
    for (Object name : (List<?>) Objects.requireNonNull(call.arguments().get("files"))) {
      if (items.size() == Bundle.FILES_MAX) {
        throw new Wrong("more than " + Bundle.FILES_MAX + " files; pack them into one");
      }
      try {
        WorkspacePath path = WorkspacePath.of(String.valueOf(name));
        String inside = String.join("/", path.parts());
        if (inside.isEmpty() || path.parts().contains("..")) {
          throw new Wrong("\"" + name + "\" is no path of a file within the workspace");
        }
        if (!paths.add(inside)) {
          continue;
        }
        byte[] bytes = sandbox.files(context.run()).read(path, Bundle.FILE_BYTES_MAX);
        left -= bytes.length;
        if (left < 0) {
          throw new Wrong("the files have more than " + (Bundle.BYTES_MAX >> 20) + " MB together");
        }
        items.add(new Bundle.Item(inside, bytes.length, Sha256.hex(bytes)));
        if (keep) {
          blobs.put(bytes, "application/octet-stream");
        }
      } catch (WorkspaceException e) {
        throw new Wrong(String.valueOf(e.getMessage()));
      }
    }
    return items;
  }

  /** What cannot be handed out, and why. */
  private static final class Wrong extends Exception {
    private static final long serialVersionUID = 1;

    Wrong(String message) {
      super(message);
    }
  }
}
