package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Set;

/**
 * Arguments that the shell evaluates once more. Attack: {@code printf -v 'a[$(code)]' x} runs the
 * code, though the quotes made it a text.
 */
public final class Subscripts {
  private static final Set<String> BUILTINS =
      Set.of(
          "declare",
          "typeset",
          "local",
          "export",
          "readonly",
          "let",
          "read",
          "mapfile",
          "readarray",
          "unset",
          "wait");
  private static final Set<String> WITH_V = Set.of("printf", "test", "[");

  private Subscripts() {}

  /** Follows what these arguments would run. */
  static void follow(Call call, String name) {
    if (!BUILTINS.contains(name) && !(WITH_V.contains(name) && call.arguments().contains("-v"))) {
      return;
    }
    List<String> arguments = call.arguments();
    for (int i = 0; i < arguments.size(); i++) {
      again(call.walker(), arguments.get(i));
      boolean callback = name.equals("mapfile") || name.equals("readarray");
      if (callback && arguments.get(i).matches("-\\w*C") && i + 1 < arguments.size()) {
        call.walker().shell(arguments.get(i + 1), List.of(), "");
      }
    }
  }

  /** Follows the substitutions of a text that becomes arithmetic or a subscript. */
  static void again(Walker walker, String text) {
    if (text.indexOf('[') >= 0 && runs(text)) {
      walker.expander().text(text);
    }
  }

  /**
   * Whether a command with this first word may run what its arguments' subscripts hold.
   *
   * @param part the simple command as written
   * @param whole the whole command, where the argument may come from
   */
  public static boolean mayRun(String word, String part, String whole) {
    boolean builtin =
        BUILTINS.contains(word) || WITH_V.contains(word) && part.matches("(?s).*\\s-v.*");
    boolean callback =
        (word.equals("mapfile") || word.equals("readarray")) && part.matches("(?s).*\\s-\\w*C.*");
    return callback || builtin && whole.indexOf('[') >= 0 && runs(whole);
  }

  static boolean runs(String text) {
    return text.contains("$(") || text.indexOf('`') >= 0;
  }
}
