package dev.helm.activities.tools;

import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.ToolCommand;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.event.WellFormed;
import dev.helm.workflows.decide.ToolCall;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A blueprint's own command in the run's container: the arguments are JSON on its standard input,
 * what it prints is the result, an exit code other than 0 is an error.
 */
record OwnCommand(String name, CustomTool tool) implements CommandTool {
  private static final long OUTPUT_BYTES_MAX = 1 << 20;
  private static final int MODEL_CHARS_MAX = 30_000;

  /**
   * A result is what the program prints, without what it complains of; if it fails, the end of that
   * follows. The program and its arguments are words of this script, never part of its text.
   */
  private static final String SCRIPT =
      """
      umask 077
      words=/tmp/.helm-stderr-$$
      "$@" 2>"$words"
      code=$?
      [ "$code" -eq 0 ] || tail -c 16384 "$words"
      rm -f "$words"
      exit "$code"
      """;

  @Override
  public ToolCommand command(ToolCall call) {
    List<String> argv = new ArrayList<>(List.of("/bin/sh", "-c", SCRIPT, "helm"));
    argv.addAll(tool.command());
    return new ToolCommand(
        argv,
        call.source().getBytes(StandardCharsets.UTF_8),
        tool.env(),
        "/workspace",
        tool.timeoutMs(),
        OUTPUT_BYTES_MAX);
  }

  @Override
  public ToolEnd end(EffectExit exit, byte[] output) {
    String text = Cut.middle(WellFormed.text(output).strip(), MODEL_CHARS_MAX);
    if (exit.droppedBytes() > 0) {
      text += "\n(" + exit.droppedBytes() + " more bytes were not kept)";
    }
    return switch (exit.reason()) {
      case EXITED ->
          exit.code() == 0
              ? make(
                  "ok",
                  "ok · " + size(exit.totalBytes()),
                  text.isEmpty() ? "(no output)" : text,
                  exit)
              : make(
                  "failed",
                  "failed · exit " + exit.code(),
                  text + "\n(" + name + " failed with exit code " + exit.code() + why(exit) + ")",
                  exit);
      case TIMED_OUT ->
          make(
              "timedOut",
              "timed out",
              text
                  + "\n("
                  + name
                  + " took longer than "
                  + tool.timeoutMs() / 1000
                  + " s and was ended)",
              exit);
      case SIGNALLED, KILLED, SPAWN_FAILED ->
          make(
              "failed",
              "failed · killed",
              text + "\n(" + name + " was killed" + message(exit) + ")",
              exit);
    };
  }

  private static String why(EffectExit exit) {
    return exit.code() == 127
        ? ": there is no such program in the container"
        : exit.code() == 126 ? ": it is not a program that can be run" : "";
  }

  private static String message(EffectExit exit) {
    return exit.message() == null ? "" : ": " + exit.message();
  }

  static String size(long bytes) {
    return bytes < 1024 ? bytes + " bytes" : bytes / 1024 + " KB";
  }

  private static ToolEnd make(String outcome, String summary, String forModel, EffectExit exit) {
    return new ToolEnd(
        outcome,
        summary,
        forModel,
        !outcome.equals("ok"),
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
    return false;
  }

  @Override
  public Effect.Touch touch() {
    return Effect.Touch.UNTOLD;
  }
}
