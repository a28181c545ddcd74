package dev.helm.activities.tools;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.hook.Hooks;
import dev.helm.activities.mail.Relay;
import dev.helm.activities.sandbox.Sandbox;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.workflows.ToolActivity;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Puts the tools together. A new tool: its line here, its definition in catalog.json. */
public final class Tools {
  private static final long QUICK_MS = 60_000;

  private static final List<CommandTool.BuiltIn> BUILT_IN =
      List.of(
          new CommandTool.BuiltIn("Read", QUICK_MS, true),
          new CommandTool.BuiltIn("Glob", QUICK_MS, true),
          new CommandTool.BuiltIn("Grep", QUICK_MS, true),
          new CommandTool.BuiltIn("Write", QUICK_MS, false),
          new CommandTool.BuiltIn("Edit", QUICK_MS, false),
          new CommandTool.BuiltIn("WriteRow", QUICK_MS, false),
          new CommandTool.BuiltIn("WebFetch", QUICK_MS, false));

  private Tools() {}

  /** The activity with every tool of the catalogue and the blueprint's commands. */
  public static ToolActivity activity(
      RunLog log,
      Blobs blobs,
      Runs runs,
      Sandbox sandbox,
      EgressDoor door,
      @Nullable Relay relay,
      AfterCall after,
      Clock clock) {
    return activity(log, blobs, runs, sandbox, door, relay, after, clock, Elsewhere.NOTHING);
  }

  /** The same with secrets and with tools from elsewhere. */
  public static ToolActivity activity(
      RunLog log,
      Blobs blobs,
      Runs runs,
      Sandbox sandbox,
      EgressDoor door,
      @Nullable Relay relay,
      AfterCall after,
      Clock clock,
      Elsewhere elsewhere) {
    Function<CommandTool, CommandEffect> command =
        tool -> new CommandEffect(log, blobs, sandbox, door, elsewhere.secrets(), tool);
    Map<String, Effect> own = new LinkedHashMap<>();
    own.put("Bash", command.apply(new CommandTool.Shell()));
    for (CommandTool.BuiltIn tool : BUILT_IN) {
      own.put(tool.name(), command.apply(tool));
    }
    CommandEffect outbox = command.apply(new CommandTool.BuiltIn("Write", QUICK_MS, false));
    own.put("SendEmail", new SendEmail(blobs, sandbox, relay, outbox));
    own.put(Publish.NAME, new Publish(log, blobs, sandbox, elsewhere, clock));
    own.put("AskPerson", new AskPerson());
    own.put(SpawnAgent.NAME, new SpawnAgent());
    return new ToolActivityImpl(
        log,
        blobs,
        runs,
        new Effects(
            own,
            (name, tool) ->
                tool.http() == null
                    ? command.apply(new OwnCommand(name, tool))
                    : new HttpEffect(log, elsewhere, name, tool),
            tool -> new ReadingCommand(elsewhere.hooks(), tool),
            elsewhere.tools(),
            granted(elsewhere.foreign(), sandbox, door)),
        elsewhere.secrets(),
        new Hooks(log, blobs, elsewhere.secrets(), elsewhere.hooks()),
        new FilePreview(sandbox),
        after,
        clock,
        door.operatorHosts());
  }

  private static ForeignTools granted(ForeignTools foreign, Sandbox sandbox, EgressDoor door) {
    return new ForeignTools() {
      @Override
      public @Nullable Effect effect(Runs.Info run, String tool) {
        Effect effect = foreign.effect(run, tool);
        return effect != null && tool.equals("Bash")
            ? new GrantedEffect(effect, sandbox, door)
            : effect;
      }

      @Override
      public @Nullable JsonNode schema(Runs.Info run, String tool) {
        return foreign.schema(run, tool);
      }
    };
  }
}
