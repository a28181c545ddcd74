package dev.helm.activities.tools;

import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.run.Heart;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.event.WellFormed;
import java.nio.charset.StandardCharsets;

/**
 * A blueprint's own command as a preview: nobody has decided yet, so it runs where it can only
 * read, whatever the blueprint says of it.
 */
final class ReadingCommand implements Effect {
  private final HookRunner runner;
  private final CustomTool tool;
  private volatile boolean stopped;

  ReadingCommand(HookRunner runner, CustomTool tool) {
    this.runner = runner;
    this.tool = tool;
  }

  @Override
  public String prepare(CallContext context) {
    return "{}";
  }

  @Override
  public Result run(CallContext context, int attempt, String prepared, Heart heart) {
    HookRunner.Output output =
        runner.read(
            context.run(),
            tool.command(),
            tool.env(),
            tool.timeoutMs(),
            context.call().source().getBytes(StandardCharsets.UTF_8),
            () -> stopped || heart.interrupted());
    if (output.broken() != null) {
      return ended(ToolEnd.failed("did not run to its end: " + output.broken(), ""));
    }
    return ended(
        output.code() == 0
            ? ToolEnd.ok("ok", WellFormed.text(output.out()))
            : ToolEnd.failed(
                "failed with exit code "
                    + output.code()
                    + (output.words().isBlank() ? "" : ": " + output.words().strip()),
                ""));
  }

  private static Result ended(ToolEnd end) {
    return new Result.Ended(end, null);
  }

  @Override
  public Result attach(CallContext context, int attempt, String prepared, Heart heart) {
    throw new IllegalStateException("a preview is not gone on with");
  }

  @Override
  public void interrupt(CallContext context, int attempt) {
    stopped = true;
  }

  @Override
  public boolean repeatable() {
    return true;
  }
}
