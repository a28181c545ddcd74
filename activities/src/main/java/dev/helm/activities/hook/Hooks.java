package dev.helm.activities.hook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.hook.HookAnswer.Decision;
import dev.helm.activities.secret.Scrubber;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Hook;
import dev.helm.api.blueprint.HookEvent;
import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks a blueprint's hooks, in order. What each says is in the journal with its {@code hook.ran},
 * so that a step that is taken again asks none a second time.
 */
public final class Hooks {
  /** Where hooks are told that the agent works. */
  public static final String CWD = "/workspace";

  private final RunLog log;
  private final Blobs blobs;
  private final Secrets secrets;
  private final HookRunner runner;

  /** With the journal and what runs a hook. */
  public Hooks(RunLog log, Blobs blobs, Secrets secrets, HookRunner runner) {
    this.log = log;
    this.blobs = blobs;
    this.secrets = secrets;
    this.runner = runner;
  }

  /**
   * A moment at which hooks are asked.
   *
   * @param key begins the keys of what is recorded; names the moment once and for all
   * @param agent whose moment it is
   * @param matched what matchers are held against: a tool's name; empty for none
   */
  public record Moment(
      Runs.Info run,
      HookEvent event,
      String key,
      String agent,
      @Nullable String toolUseId,
      String matched) {}

  /**
   * What all hooks of a moment say together.
   *
   * @param decision {@code pass allow ask block}
   * @param hook who decided, for people
   * @param reason why
   * @param arguments what the arguments became, as exact JSON; null if no hook changed them
   * @param context what the model is to read besides
   */
  public record Said(
      String decision,
      @Nullable String hook,
      @Nullable String reason,
      @Nullable String arguments,
      List<String> context) {
    /** Nobody was asked, or nobody had anything to say. */
    public static final Said NOTHING = new Said("pass", null, null, null, List.of());

    public Said {
      context = List.copyOf(context);
    }

    /** Whether a hook stands in the way. */
    public boolean blocks() {
      return decision.equals("block");
    }

    /** {@code The hook ./check.sh says: …}, for the model. */
    public String told() {
      return "the hook " + hook + " says: " + reason;
    }
  }

  /** What one hook said, as the journal keeps it; {@code arguments} is a blob's hash. */
  private record Kept(
      Decision decision,
      @Nullable String reason,
      @Nullable String arguments,
      @Nullable String context) {}

  /** Whether any hook would be asked. */
  public static boolean any(Blueprint blueprint, HookEvent event, String matched) {
    return blueprint.hooks().getOrDefault(event, List.of()).stream()
        .anyMatch(hook -> Matchers.match(hook.matcher(), matched));
  }

  /**
   * Asks the hooks of a moment one after the other; the first that blocks is the last. Each reads
   * the arguments as the one before left them.
   *
   * @param input what a hook is told besides what all are told
   */
  public Said ask(Moment moment, ObjectNode input, BooleanSupplier stopped) {
    Blueprint blueprint = moment.run().blueprint();
    List<Hook> hooks = blueprint.hooks().getOrDefault(moment.event(), List.of());
    Said said = Said.NOTHING;
    for (int i = 0; i < hooks.size() && !said.blocks(); i++) {
      if (Matchers.match(hooks.get(i).matcher(), moment.matched())) {
        Kept kept = one(moment, i, hooks.get(i), input, stopped);
        said = together(said, kept, name(hooks.get(i)));
        if (said.arguments() != null) {
          input.set("tool_input", HelmJson.read(said.arguments(), JsonNode.class));
        }
      }
    }
    return said;
  }

  /** What hooks of a moment have said by now; asks none. */
  public Said recorded(Moment moment) {
    List<Hook> hooks = moment.run().blueprint().hooks().getOrDefault(moment.event(), List.of());
    Said said = Said.NOTHING;
    for (int i = 0; i < hooks.size() && !said.blocks(); i++) {
      String known = log.outcome(moment.run().run(), key(moment, i));
      if (known != null) {
        said = together(said, HelmJson.read(known, Kept.class), name(hooks.get(i)));
      }
    }
    return said;
  }

  private static String key(Moment moment, int index) {
    return moment.key() + "/hook-" + moment.event().word() + "-" + index;
  }

  private Said together(Said before, Kept kept, String name) {
    List<String> context = new ArrayList<>(before.context());
    if (kept.context() != null) {
      context.add(kept.context());
    }
    String arguments = kept.arguments() == null ? before.arguments() : blob(kept.arguments());
    String word = kept.decision().name().toLowerCase(java.util.Locale.ROOT);
    boolean weaker =
        kept.decision() == Decision.PASS
            || (kept.decision() == Decision.ALLOW && before.decision().equals("ask"));
    return weaker
        ? new Said(before.decision(), before.hook(), before.reason(), arguments, context)
        : new Said(word, name, kept.reason(), arguments, context);
  }

  private String blob(String sha256) {
    byte[] bytes = blobs.get(sha256);
    if (bytes == null) {
      throw new IllegalStateException("what a hook made of the arguments is no longer stored");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private Kept one(Moment moment, int index, Hook hook, ObjectNode input, BooleanSupplier stopped) {
    String run = moment.run().run();
    String key = key(moment, index);
    String known = log.outcome(run, key);
    if (known != null) {
      return HelmJson.read(known, Kept.class);
    }
    byte[] told = told(moment, input).toString().getBytes(StandardCharsets.UTF_8);
    long beganNs = System.nanoTime();
    HookAnswer answer =
        HookAnswer.of(
            moment.event(), runner.run(run, moment.run().blueprint(), hook, told, stopped));
    long tookMs = (System.nanoTime() - beganNs) / 1_000_000;
    Scrubber scrubber = secrets.scrubber(moment.run().blueprint().project());
    String arguments = answer.input() == null ? null : scrubber.text(answer.input());
    Kept kept =
        new Kept(
            answer.decision(),
            clean(scrubber, answer.reason()),
            arguments == null
                ? null
                : blobs.put(arguments.getBytes(StandardCharsets.UTF_8), "application/json"),
            clean(scrubber, answer.context()));
    RunEvent event = event(moment, hook, answer, kept, arguments, tookMs);
    log.append(run, List.of(new Fact(key, moment.agent(), event)), key, HelmJson.write(kept));
    return kept;
  }

  private RunEvent event(
      Moment moment,
      Hook hook,
      HookAnswer answer,
      Kept kept,
      @Nullable String arguments,
      long tookMs) {
    return new RunEvent.HookRan(
        moment.event().protocolName(),
        name(hook),
        moment.toolUseId(),
        outcome(moment.event(), answer),
        kept.reason(),
        arguments == null ? null : blobs.content(arguments, "application/json"),
        arguments == null ? null : Sha256.hex(CanonicalJson.write(HelmJson.readObject(arguments))),
        tookMs);
  }

  private static String outcome(HookEvent event, HookAnswer answer) {
    if (!answer.clear()) {
      return "failed";
    }
    return switch (answer.decision()) {
      case PASS -> answer.input() == null ? "passed" : "changed";
      case ALLOW -> answer.input() == null ? "allowed" : "changed";
      case ASK -> "asked";
      case BLOCK -> event == HookEvent.PRE_TOOL_USE ? "denied" : "blocked";
    };
  }

  private static @Nullable String clean(Scrubber scrubber, @Nullable String text) {
    return text == null ? null : scrubber.text(text);
  }

  private static ObjectNode told(Moment moment, ObjectNode input) {
    ObjectNode told = HelmJson.mapper().createObjectNode();
    told.put("session_id", moment.run().run());
    told.put("transcript_path", "");
    told.put("cwd", CWD);
    told.put("permission_mode", "default");
    told.put("hook_event_name", moment.event().protocolName());
    if (!moment.agent().equals("main")) {
      told.put("agent_id", moment.agent()).put("agent_type", "general-purpose");
    }
    told.setAll(input);
    return told;
  }

  /** The hook's command in one line. */
  private static String name(Hook hook) {
    String name = String.join(" ", hook.command()).replaceAll("\\s+", " ");
    return name.length() <= 120 ? name : name.substring(0, 119) + "…";
  }
}
