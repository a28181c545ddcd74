package dev.helm.service.blueprint;

import dev.helm.api.blueprint.Blueprint.Defaults;
import dev.helm.api.blueprint.Hook;
import dev.helm.api.blueprint.HookEvent;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** The sections {@code hooks} and {@code hookFiles}. */
final class HooksReader {
  static final int HOOKS_MAX = 20;
  static final int FILES_MAX = 50;
  static final int FILE_CHARS_MAX = 65_536;
  static final long TIMEOUT_MAX_MS = 600_000;
  static final Pattern PATH =
      Pattern.compile("(?=.{1,200}$)(?!.*(^|/)\\.\\.?(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*");

  private static final List<HookEvent> OF_TOOLS =
      List.of(HookEvent.PRE_TOOL_USE, HookEvent.POST_TOOL_USE);

  private final Mistakes mistakes;
  private final Parts parts;

  HooksReader(Mistakes mistakes) {
    this.mistakes = mistakes;
    this.parts = new Parts(mistakes);
  }

  Map<String, String> files(Fields root) {
    return parts.texts(
        root,
        "hookFiles",
        PATH,
        "a relative path of letters, digits, dots, dashes and slashes",
        FILES_MAX,
        FILE_CHARS_MAX);
  }

  Map<HookEvent, List<Hook>> read(Fields root, Map<String, String> files) {
    Map<HookEvent, List<Hook>> hooks = new EnumMap<>(HookEvent.class);
    Tree.Obj group = root.group("hooks");
    if (group == null) {
      return hooks;
    }
    Fields events = Fields.of(group, "hooks", HookEvent.words(), Map.of(), mistakes);
    for (HookEvent event : HookEvent.values()) {
      if (events.get(event.word()) != null) {
        List<Hook> read = event(events, event, files);
        if (!read.isEmpty()) {
          hooks.put(event, List.copyOf(read));
        }
      }
    }
    return hooks;
  }

  private List<Hook> event(Fields events, HookEvent event, Map<String, String> files) {
    List<Hook> hooks = new ArrayList<>();
    List<Tree.Obj> groups = events.groups(event.word(), HOOKS_MAX);
    for (int i = 0; i < groups.size(); i++) {
      String path = events.at(event.word()) + "[" + i + "]";
      Fields hook =
          Fields.of(
              groups.get(i), path, List.of("matcher", "command", "timeout"), Map.of(), mistakes);
      List<String> command = parts.command(hook, "command");
      if (hook.get("command") == null) {
        mistakes.add(groups.get(i).at(), hook.at("command"), "\"command\" is missing");
      }
      String matcher = matcher(hook, event);
      long timeoutMs =
          hook.durationMs("timeout", 1000, TIMEOUT_MAX_MS, Defaults.HOOK_TIMEOUT.toMillis());
      if (!command.isEmpty()) {
        ownFile(hook, command.getFirst(), files);
        hooks.add(new Hook(matcher, command, timeoutMs));
      }
    }
    return hooks;
  }

  private String matcher(Fields hook, HookEvent event) {
    String matcher = hook.text("matcher", 300);
    if (matcher == null || matcher.isEmpty() || matcher.equals("*")) {
      return "";
    }
    if (!OF_TOOLS.contains(event)) {
      mistakes.add(
          hook.posOf("matcher"),
          hook.at("matcher"),
          "only preToolUse and postToolUse speak of a tool, so there is nothing to match",
          "leave it out");
    }
    try {
      Pattern.compile(matcher);
    } catch (PatternSyntaxException e) {
      mistakes.add(
          hook.posOf("matcher"),
          hook.at("matcher"),
          "expected a regular expression on a tool's name such as Bash or Edit|Write",
          e.getDescription());
    }
    return matcher;
  }

  /** {@code ./x} is a file of the blueprint; what is missing would block every call. */
  private void ownFile(Fields hook, String program, Map<String, String> files) {
    if (program.startsWith("./") && !files.containsKey(program.substring(2))) {
      mistakes.add(
          hook.posOf("command"),
          hook.at("command"),
          "there is no \""
              + program.substring(2)
              + "\" in hookFiles, so every call would be blocked",
          files.isEmpty()
              ? "add it: hookFiles: {" + program.substring(2) + ": …}"
              : Nearest.hint(program.substring(2), files.keySet()));
    }
  }
}
