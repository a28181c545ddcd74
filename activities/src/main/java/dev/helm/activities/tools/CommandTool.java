package dev.helm.activities.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.ToolCommand;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.decide.ToolCall;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How a tool's arguments become a command, and the command's end the tool's end. */
sealed interface CommandTool permits CommandTool.Shell, CommandTool.BuiltIn, OwnCommand {
  /** The command; the arguments are foreign and are never part of a shell line of ours. */
  ToolCommand command(ToolCall call);

  /** The tool's end; exit and output are foreign. */
  ToolEnd end(EffectExit exit, byte[] output);

  /** Whether it only reads, so that it may be run again when its container was lost. */
  boolean repeatable();

  /** Whether its output goes to the log while it runs. */
  boolean watched();

  /** What it does to the workspace. */
  default Effect.Touch touch() {
    return repeatable() ? Effect.Touch.NOTHING : Effect.Touch.TOLD;
  }

  /** The shell. */
  record Shell() implements CommandTool {
    private static final long TIMEOUT_MS = 120_000;
    private static final long TIMEOUT_MS_MAX = 3_600_000;
    private static final long OUTPUT_BYTES_MAX = 256 * 1024;
    private static final int MODEL_CHARS_MAX = 30_000;

    @Override
    public ToolCommand command(ToolCall call) {
      String command = call.text("command");
      long timeoutMs =
          call.arguments().get("timeout") instanceof Number number
              ? Math.clamp(number.longValue(), 1, TIMEOUT_MS_MAX)
              : TIMEOUT_MS;
      return new ToolCommand(
          List.of("/bin/bash", "-c", command == null ? "" : command.replace("\0", "")),
          null,
          Map.of(),
          "/workspace",
          timeoutMs,
          OUTPUT_BYTES_MAX);
    }

    @Override
    public ToolEnd end(EffectExit exit, byte[] output) {
      String text = WellFormed.text(output).stripTrailing();
      long lines = text.isEmpty() ? 0 : text.lines().count();
      String shown = lines == 0 ? "no output" : lines == 1 ? "1 line" : lines + " lines";
      StringBuilder model = new StringBuilder(Cut.middle(text, MODEL_CHARS_MAX));
      if (exit.droppedBytes() > 0) {
        model.append("\n(").append(exit.droppedBytes()).append(" more bytes were not kept)");
      }
      return switch (exit.reason()) {
        case EXITED ->
            exit.code() == 0
                ? make("ok", "ok · " + shown, model, exit, false)
                : make(
                    "failed",
                    "failed · exit " + exit.code() + " · " + shown + " of output",
                    model.append("\n(exit code ").append(exit.code()).append(')'),
                    exit,
                    true);
        case SIGNALLED, KILLED ->
            make(
                "failed",
                "failed · killed · " + shown + " of output",
                model
                    .append("\n(the command was killed, ")
                    .append(exit.message() == null ? "signal " + exit.code() : exit.message())
                    .append(')'),
                exit,
                true);
        case TIMED_OUT ->
            make(
                "timedOut",
                "timed out · " + shown + " of output",
                model.append("\n(the command reached its timeout and was ended)"),
                exit,
                true);
        case SPAWN_FAILED ->
            make(
                "failed",
                "failed · not started",
                model
                    .append("(the command could not be started: ")
                    .append(exit.message())
                    .append(')'),
                exit,
                true);
      };
    }

    private static ToolEnd make(
        String outcome, String summary, StringBuilder model, EffectExit exit, boolean error) {
      return new ToolEnd(
          outcome,
          summary,
          model.toString(),
          error,
          exit.code(),
          exit.totalBytes(),
          exit.droppedBytes(),
          List.of(),
          List.of());
    }

    @Override
    public boolean repeatable() {
      return false;
    }

    @Override
    public boolean watched() {
      return true;
    }

    @Override
    public Effect.Touch touch() {
      return Effect.Touch.UNTOLD;
    }
  }

  /** A tool that is built into the executor: JSON in, one JSON object out. */
  record BuiltIn(String name, long timeoutMs, boolean repeatable) implements CommandTool {
    private static final String EXECUTOR = "/usr/local/bin/helm-executor";
    private static final long OUTPUT_BYTES_MAX = 2 << 20;
    private static final int PATHS_MAX = 200;

    @Override
    public ToolCommand command(ToolCall call) {
      return new ToolCommand(
          List.of(EXECUTOR, "tool", name),
          call.source().getBytes(StandardCharsets.UTF_8),
          Map.of(),
          "/workspace",
          timeoutMs,
          OUTPUT_BYTES_MAX);
    }

    @Override
    public ToolEnd end(EffectExit exit, byte[] output) {
      if (exit.reason() == EffectExit.Reason.TIMED_OUT) {
        return new ToolEnd(
            "timedOut",
            "timed out",
            name + " took longer than " + timeoutMs / 1000 + " s and was ended.",
            true,
            null,
            exit.totalBytes(),
            exit.droppedBytes(),
            List.of(),
            List.of());
      }
      try {
        JsonNode result = HelmJson.mapper().readTree(WellFormed.text(output));
        if (!result.path("ok").asBoolean(false)) {
          String error = result.path("error").asText("the tool gave no reason");
          return ToolEnd.failed("failed · " + Cut.middle(firstLine(error), 120), error);
        }
        return new ToolEnd(
            "ok",
            Cut.middle(result.path("summary").asText("ok"), 200),
            result.path("content").asText(""),
            false,
            null,
            exit.totalBytes(),
            0,
            paths(result.path("changed")),
            paths(result.path("read")));
      } catch (JsonProcessingException e) {
        return ToolEnd.failed(
            "failed · the sandbox broke off",
            "The tool was ended before it could answer ("
                + exit.reason()
                + ", "
                + (exit.message() == null ? "code " + exit.code() : exit.message())
                + ").");
      }
    }

    private static String firstLine(String text) {
      return text.lines().findFirst().orElse("");
    }

    private static List<String> paths(JsonNode list) {
      List<String> paths = new ArrayList<>();
      for (JsonNode path : list) {
        if (paths.size() < PATHS_MAX && path.isTextual()) {
          paths.add(Cut.middle(WellFormed.text(path.asText()), 1_000));
        }
      }
      return paths;
    }

    @Override
    public boolean watched() {
      return false;
    }
  }
}
