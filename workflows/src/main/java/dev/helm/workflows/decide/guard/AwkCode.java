package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What awk's programs hand to a shell, and what they read and write. */
final class AwkCode {
  private static final String TEXT = "['\"]((?:[^'\"\\\\\\n]|\\\\.)*)['\"]";
  private static final Pattern RUN =
      Pattern.compile(
          "system\\s*\\(\\s*" + TEXT + "|" + TEXT + "\\s*\\|&?\\s*getline|\\|&?\\s*" + TEXT);
  private static final Pattern WRITTEN = Pattern.compile("(?<![=!<>])>>?\\s*" + TEXT);

  /** A record or a field is the command itself. */
  private static final Pattern RECORD =
      Pattern.compile("system\\s*\\(\\s*\\$|\\$\\w+\\s*\\|\\s*getline|\\|\\s*\\$");

  private AwkCode() {}

  static void judge(Call call, String program) {
    if (program.contains("/inet/")) {
      call.findings().block(Family.REVERSE_SHELL, "awk opens a connection");
    }
    Matcher run = RUN.matcher(program);
    while (run.find()) {
      for (int group = 1; group <= 3; group++) {
        if (run.group(group) != null) {
          call.walker()
              .shell(Escapes.ansi(String.valueOf(run.group(group)), true), List.of(), call.input());
        }
      }
    }
    if (RECORD.matcher(program).find() && !call.input().isEmpty()) {
      call.walker().shell(call.input(), List.of(), "");
    }
    Matcher written = WRITTEN.matcher(program);
    while (written.find()) {
      Files.check(
          call.walker(), String.valueOf(written.group(1)), String.valueOf(Marks.FILE), true);
    }
    if (program.matches(
        "(?s).*(?:while\\s*\\(\\s*1\\s*\\)|for\\s*\\(\\s*;\\s*;\\s*\\))[^}]{0,80}system\\s*\\([^)]*&.*")) {
      call.findings().block(Family.BOMB, "awk starts processes without end");
    }
  }
}
