package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.hook.Hooks;
import dev.helm.activities.run.Heart;
import dev.helm.activities.store.Blobs;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.blueprint.ToolNames;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.decide.Gate;
import dev.helm.workflows.decide.Remembered;
import dev.helm.workflows.decide.ToolCall;
import dev.helm.workflows.decide.Verdict;
import io.temporal.activity.Activity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What people are shown of a call before they decide: the files that Publish hands out, what the
 * blueprint's preview tool says of the arguments, or the diff of a file.
 *
 * <p>A preview is a call of its own: it passes hooks and gate, and runs only if nobody need be
 * asked of it. It may only read, has an end and a size, and nothing of it decides: one that fails
 * is told in the permission.
 */
final class CallPreview {
  private static final Logger LOG = LoggerFactory.getLogger(CallPreview.class);
  private static final long TIMEOUT_MS = 30_000;
  private static final int CHARS_MAX = 64 * 1024;
  private static final int NONE_CHARS_MAX = 500;
  private static final Set<String> READING = Set.of("Read", "Glob", "Grep");

  private final CallRecord record;
  private final Effects effects;
  private final FilePreview files;
  private final Blobs blobs;
  private final CallHooks hooks;
  private final Set<String> operatorHosts;

  CallPreview(
      CallRecord record,
      Effects effects,
      FilePreview files,
      Blobs blobs,
      CallHooks hooks,
      Set<String> operatorHosts) {
    this.record = record;
    this.effects = effects;
    this.files = files;
    this.blobs = blobs;
    this.hooks = hooks;
    this.operatorHosts = operatorHosts;
  }

  /** What is shown, and where it comes from if another tool was asked. */
  record Shown(@Nullable Content text, RunEvent.@Nullable Preview preview) {}

  /** Why there is no preview; the message is for people. */
  private static final class None extends Exception {
    private static final long serialVersionUID = 1;

    None(String why) {
      super(why);
    }
  }

  Shown of(CallContext context, List<Remembered> remembered) {
    String tool = context.call().tool();
    if (effects.of(context.info(), tool) instanceof Publish publish) {
      return new Shown(blobs.content(publish.shown(context), "text/plain"), null);
    }
    String by = context.info().blueprint().previewOf(tool);
    if (by == null) {
      return new Shown(ofFile(context), null);
    }
    long beganNs = System.nanoTime();
    try {
      String text = record.scrubber(context).text(preview(context, by, remembered));
      return new Shown(
          blobs.content(text, text.startsWith("--- ") ? "text/x-diff" : "text/plain"),
          new RunEvent.Preview(by, Sha256.hex(text), null, tookMs(beganNs)));
    } catch (None | RuntimeException e) {
      if (e instanceof RuntimeException) {
        LOG.info("no preview of call {} of run {}: {}", context.toolUseId(), context.run(), e);
      }
      String why = record.scrubber(context).text(String.valueOf(e.getMessage()));
      return new Shown(
          ofFile(context),
          new RunEvent.Preview(by, null, Cut.middle(why, NONE_CHARS_MAX), tookMs(beganNs)));
    }
  }

  private static long tookMs(long beganNs) {
    return (System.nanoTime() - beganNs) / 1_000_000;
  }

  private @Nullable Content ofFile(CallContext context) {
    String diff = files.diff(context);
    return diff == null ? null : blobs.content(diff, "text/x-diff");
  }

  private String preview(CallContext asked, String by, List<Remembered> remembered) throws None {
    Blueprint blueprint = asked.info().blueprint();
    Effect effect = effects.ofPreview(asked.info(), by);
    if (effect == null) {
      throw new None("there is no tool " + by);
    }
    if (!onlyReads(blueprint, by)) {
      throw new None(by + " may do more than read");
    }
    if (!(effects.tools().look(asked.info(), by) instanceof ToolSource.Look.Same)) {
      throw new None(by + " is not what it was when people last looked at it");
    }
    CallContext context = context(asked, by);
    if (!effects.tools().mistakes(context.info(), context.call()).isEmpty()) {
      throw new None(
          "the arguments do not fit "
              + by
              + ": "
              + effects.tools().mistakes(context.info(), context.call()).getFirst().message());
    }
    Hooks.Said said = hooks.ask(context);
    if (said.blocks() || said.arguments() != null) {
      throw new None(said.blocks() ? said.told() : "a hook changes the arguments");
    }
    // Whoever reads the blueprint sees it named as a preview; it need not be one of the tools.
    List<String> offered = new ArrayList<>(blueprint.tools());
    offered.add(by);
    switch (Gate.of(
            blueprint.withTools(offered), remembered, operatorHosts, CallHooks.verdict(said))
        .decide(context.call())) {
      case Verdict.Allow allow -> {
        return shown(by, run(context, effect, by));
      }
      case Verdict.Deny deny -> throw new None(deny.reason());
      case Verdict.Ask ask ->
          throw new None(by + " does not run without asking (" + ask.because() + ")");
      case Verdict.Pass pass -> throw new IllegalStateException("a gate never passes");
    }
  }

  /** As the service looks at it when the blueprint is stored. */
  private static boolean onlyReads(Blueprint blueprint, String tool) {
    String server = ToolNames.server(tool);
    if (server != null) {
      McpServer of = blueprint.mcpServers().get(server);
      return of != null && !of.outward(tool.substring(("mcp__" + server + "__").length()));
    }
    CustomTool own = blueprint.customTools().get(tool);
    return own == null ? READING.contains(tool) : own.onlyReads();
  }

  /** Those of the arguments that the tool knows, under an id of its own. */
  private CallContext context(CallContext of, String by) {
    String id = of.toolUseId() + ".preview";
    JsonNode schema = effects.tools().schema(of.info(), by);
    Map<String, Object> arguments = new LinkedHashMap<>(of.call().arguments());
    if (schema != null && schema.has("properties")) {
      arguments.keySet().removeIf(name -> !schema.path("properties").has(name));
    }
    ToolCall call = ToolCall.of(id, by, HelmJson.write(arguments));
    ToolActivity.Request request = of.request();
    return new CallContext(
        new ToolActivity.Request(
            request.run(), request.epoch(), request.agent(), id, by, false, request.phase()),
        of.info(),
        call,
        call.argumentsHash(),
        true,
        call.argumentsHash(),
        null,
        Hooks.Said.NOTHING);
  }

  private ToolEnd run(CallContext context, Effect effect, String by) throws None {
    // A retried step looks again: what only reads may.
    int attempt = Activity.getExecutionContext().getInfo().getAttempt();
    began(context, by, attempt);
    AtomicBoolean late = new AtomicBoolean();
    try (Heart heart =
        Heart.start(Activity.getExecutionContext(), () -> effect.interrupt(context, attempt))) {
      FutureTask<Effect.Result> task =
          new FutureTask<>(
              () -> {
                String prepared = effect.prepare(context);
                if (late.get()) {
                  return new Effect.Result.NotStarted("too late");
                }
                Effect.Result said = effect.run(context, attempt, prepared, heart);
                while (said instanceof Effect.Result.Asks asks) {
                  // Nobody is asked anything for a preview.
                  said = effect.answered(context, attempt, asks.number(), null, heart);
                }
                return said;
              });
      Thread.ofVirtual().name("preview").start(task);
      Effect.Result result;
      try {
        result = task.get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        late.set(true);
        effect.interrupt(context, attempt);
        throw new None(by + " took longer than " + TIMEOUT_MS / 1000 + " s");
      }
      return switch (result) {
        case Effect.Result.Ended ended -> {
          if (ended.acknowledge() != null) {
            Objects.requireNonNull(ended.acknowledge()).run();
          }
          if (!ended.end().outcome().equals("ok")) {
            throw new None(by + " " + ended.end().summary());
          }
          yield ended.end();
        }
        case Effect.Result.Asks asks -> throw new None(by + " asks people");
        case Effect.Result.NotStarted not -> throw new None(by + " did not run: " + not.reason());
        case Effect.Result.Unknown unknown -> throw new None(by + ": " + unknown.reason());
      };
    } catch (ExecutionException e) {
      throw new None(by + ": " + Objects.requireNonNullElse(e.getCause(), e).getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new None(by + " was interrupted");
    }
  }

  /** What cannot be recorded is not run: whatever becomes of it, the log says that it was. */
  private void began(CallContext context, String by, int attempt) {
    String text = by + " runs as a preview with " + context.call().source() + "\n";
    record.notes(
        context,
        List.of(
            context.fact(
                "looks-" + context.argumentsHash().substring(0, 16) + "-" + attempt,
                new RunEvent.ToolOutput(
                    context.toolUseId(), record.content(record.scrubber(context).text(text)), 0))));
  }

  /** {@code {"before": …, "after": …}} as a diff, anything else as it is. */
  private static String shown(String by, ToolEnd end) {
    String text = end.forModel().strip();
    if (text.startsWith("{")) {
      JsonNode node = read(text);
      if (node != null && node.size() == 2 && node.has("before") && node.has("after")) {
        String diff = LineDiff.of(by, true, lines(node.get("before")), lines(node.get("after")));
        return Cut.middle(diff.isEmpty() ? "Nothing would change." : diff, CHARS_MAX);
      }
    }
    return Cut.middle(text, CHARS_MAX);
  }

  private static @Nullable JsonNode read(String text) {
    try {
      return HelmJson.mapper().readTree(text);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      return null;
    }
  }

  private static String lines(JsonNode part) {
    String text = part.isTextual() ? part.asText() : part.isNull() ? "" : part.toPrettyString();
    return text.isEmpty() || text.endsWith("\n") ? text : text + "\n";
  }
}
