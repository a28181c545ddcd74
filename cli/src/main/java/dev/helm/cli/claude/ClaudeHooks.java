package dev.helm.cli.claude;

import dev.helm.api.blueprint.HookEvent;
import dev.helm.api.blueprint.LooksSecret;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The hooks of settings, with the scripts of the project that they run. */
final class ClaudeHooks {
  private static final int TIMEOUT_S = 60;
  private static final int TIMEOUT_S_MAX = 600;
  private static final int FILE_CHARS_MAX = 65_536;
  private static final Pattern SHELL = Pattern.compile("[|&;<>()`*?\\[\\]#~{}\\n\\\\]");
  private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9_.-]{1,100}");

  private final Notes notes;
  private final ClaudeFiles project;
  private final Map<String, Object> hooks = new LinkedHashMap<>();
  private final Map<String, String> files = new LinkedHashMap<>();

  ClaudeHooks(Notes notes, ClaudeFiles project) {
    this.notes = notes;
    this.project = project;
  }

  void read(Map<?, ?> settings) {
    if (settings.get("hooks") instanceof Map<?, ?> events) {
      events.forEach((name, groups) -> event(String.valueOf(name), groups));
    }
  }

  Map<String, Object> hooks() {
    return hooks;
  }

  Map<String, String> files() {
    return files;
  }

  private void event(String name, @Nullable Object groups) {
    HookEvent event =
        Arrays.stream(HookEvent.values())
            .filter(each -> each.protocolName().equals(name))
            .findFirst()
            .orElse(null);
    if (event == null) {
      notes.left("hooks of " + name, "Helm has no such event");
      return;
    }
    List<Object> made = new ArrayList<>();
    for (Object group : groups instanceof List<?> list ? list : List.of()) {
      if (group instanceof Map<?, ?> members && members.get("hooks") instanceof List<?> each) {
        each.forEach(hook -> hook(event, members.get("matcher"), hook, made));
      }
    }
    if (!made.isEmpty()) {
      hooks.put(event.word(), made);
    }
  }

  private void hook(
      HookEvent event, @Nullable Object matcher, @Nullable Object hook, List<Object> made) {
    String what = "hook of " + event.protocolName();
    if (!(hook instanceof Map<?, ?> members) || !(members.get("command") instanceof String text)) {
      notes.left(what, "only hooks that run a command are carried over");
      return;
    }
    if (LooksSecret.token(text)) {
      notes.left(what, "its command holds what looks like a secret");
      return;
    }
    Map<String, Object> one = new LinkedHashMap<>();
    boolean ofTool = event == HookEvent.PRE_TOOL_USE || event == HookEvent.POST_TOOL_USE;
    if (ofTool && matcher instanceof String on && !on.isBlank() && !on.equals("*")) {
      one.put("matcher", on);
    }
    List<String> command = command(what, text);
    if (command.isEmpty()) {
      return;
    }
    one.put("command", command);
    int timeoutS = members.get("timeout") instanceof Number given ? given.intValue() : TIMEOUT_S;
    one.put("timeout", Math.clamp(timeoutS, 1, TIMEOUT_S_MAX) + "s");
    made.add(one);
    notes.carried(what + ": " + String.join(" ", words(one.get("command"))));
  }

  private static List<String> words(@Nullable Object command) {
    return command instanceof List<?> list
        ? list.stream().map(String::valueOf).toList()
        : List.of();
  }

  /**
   * A plain command word by word, with its script taken along; empty when that cannot be. All else
   * is left to the shell.
   */
  private List<String> command(String what, String text) {
    String plain =
        text.replace("\"$CLAUDE_PROJECT_DIR\"/", "./")
            .replace("\"${CLAUDE_PROJECT_DIR}\"/", "./")
            .replace("${CLAUDE_PROJECT_DIR}/", "./")
            .replace("$CLAUDE_PROJECT_DIR/", "./")
            .replaceAll("\"(\\./[A-Za-z0-9_./-]+)\"", "$1");
    if (SHELL.matcher(plain).find()
        || plain.contains("$")
        || plain.contains("\"")
        || plain.contains("'")) {
      notes.left(
          what,
          "it is a shell's line and was kept as one; files that it names are in hookFiles only if"
              + " you put them there");
      return List.of("sh", "-c", plain);
    }
    List<String> words = new ArrayList<>(List.of(plain.strip().split("\\s+")));
    for (int i = 0; i < Math.min(2, words.size()); i++) {
      if (ofProject(words.get(i))) {
        String taken = take(what, words.get(i).replaceFirst("^\\./", ""));
        if (taken == null) {
          return List.of();
        }
        words.set(i, taken);
        return words;
      }
    }
    return words;
  }

  private static boolean ofProject(String word) {
    return word.startsWith("./")
        || !word.startsWith("/") && !word.startsWith("-") && word.contains("/");
  }

  /** Takes a script of the project into hookFiles; its name there, or null when it cannot be. */
  private @Nullable String take(String what, String path) {
    String content = project.text(path);
    String name = path.substring(path.lastIndexOf('/') + 1);
    if (content == null
        || content.length() > FILE_CHARS_MAX
        || !FILE_NAME.matcher(name).matches()) {
      notes.left(what, path + " is not there or too long, so the hook was left out");
      return null;
    }
    if (LooksSecret.token(content)) {
      notes.left(what, path + " holds what looks like a secret, so the hook was left out");
      return null;
    }
    if (content.equals(files.getOrDefault(name, content))) {
      files.put(name, content);
      return "./" + name;
    }
    notes.left(what, path + " has the name of another script, so the hook was left out");
    return null;
  }
}
