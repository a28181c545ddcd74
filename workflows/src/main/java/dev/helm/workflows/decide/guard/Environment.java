package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Shell;
import java.util.List;

/** Assignments before a command that make another program run. */
final class Environment {
  private Environment() {}

  static void check(Walker walker, List<Shell.Assignment> assignments) {
    for (Shell.Assignment assignment : assignments) {
      String value = walker.state().value(assignment.name());
      if (value != null) {
        check(walker, assignment.name(), value);
      }
    }
  }

  static void check(Walker walker, String name, String value) {
    if (walker.strict() && !name.equals("IFS")) {
      Unsure.assigns(name);
    }
    switch (name) {
      case "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES" -> {
        String whole = Paths.resolve(walker.state().directory, value);
        if (Marks.has(walker.state().files.getOrDefault(whole, ""), Marks.DOWNLOAD)) {
          walker.findings().block(Family.DOWNLOAD_TO_SHELL, name + " loads what was downloaded");
        } else if (whole.startsWith("/tmp/") || whole.startsWith("/dev/shm/")) {
          walker
              .findings()
              .ask(Family.PRIVILEGES, name + " loads " + Marks.shown(value) + " into a program");
        }
      }
      case "PROMPT_COMMAND",
          "GIT_SSH_COMMAND",
          "GIT_SSH",
          "GIT_EDITOR",
          "EDITOR",
          "VISUAL",
          "PAGER",
          "GIT_PAGER",
          "MANPAGER",
          "BROWSER",
          "GIT_EXTERNAL_DIFF",
          "GIT_ASKPASS",
          "SSH_ASKPASS",
          "LESSOPEN",
          "BASH_ENV",
          "ENV" -> {
        if (value.indexOf(' ') > 0 || value.indexOf('$') >= 0 || value.indexOf('`') >= 0) {
          walker.shell(value, List.of(), "");
        } else if (name.equals("BASH_ENV") || name.equals("ENV")) {
          walker.file(value, List.of(), "");
        }
      }
      case "HISTFILE" -> {
        if (value.equals("/dev/null")) {
          walker.findings().ask(Family.DEFENCES, "The shell's history is switched off");
        }
      }
      default -> {
        if (name.matches("BASH_FUNC_.*")) {
          walker.shell(value, List.of(), "");
        }
      }
    }
  }
}
