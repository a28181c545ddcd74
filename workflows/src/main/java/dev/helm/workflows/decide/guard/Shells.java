package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Shells, eval and source: their code is followed as if it stood in the command. */
final class Shells {
  static final String NAMES =
      "sh bash dash zsh ksh ash fish csh tcsh rbash mksh yash oksh pdksh busybox-sh";

  private Shells() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Shells::shell, NAMES);
    Programs.register(handlers, Shells::eval, "eval");
    Programs.register(handlers, Shells::source, "source .");
  }

  static boolean is(String name) {
    return (" " + NAMES + " ").contains(" " + name + " ");
  }

  private static String shell(Call call) {
    List<String> argv = call.argv();
    boolean code = false;
    boolean stdin = false;
    int i = 1;
    for (; i < argv.size(); i++) {
      String argument = argv.get(i);
      if (argument.equals("--") || argument.equals("-")) {
        i++;
        break;
      }
      if (argument.startsWith("--rcfile") || argument.startsWith("--init-file")) {
        String file =
            argument.contains("=")
                ? argument.substring(argument.indexOf('=') + 1)
                : i + 1 < argv.size() ? argv.get(++i) : "";
        call.walker().file(file, List.of(), "");
      } else if (argument.startsWith("--")) {
        continue;
      } else if (argument.length() > 1 && (argument.startsWith("-") || argument.startsWith("+"))) {
        code |= argument.startsWith("-") && argument.indexOf('c') > 0;
        stdin |= argument.startsWith("-") && argument.indexOf('s') > 0;
        if (argument.endsWith("o") || argument.endsWith("O")) {
          i++;
        }
      } else {
        break;
      }
    }
    List<String> rest = argv.subList(Math.min(i, argv.size()), argv.size());
    if (code) {
      return rest.isEmpty()
          ? ""
          : inner(call, Marks.plain(rest.get(0)), rest.subList(1, rest.size()), false);
    }
    if (rest.isEmpty()
        || stdin
        || rest.get(0).equals("/dev/stdin")
        || rest.get(0).equals("/dev/fd/0")
        || rest.get(0).equals("/proc/self/fd/0")) {
      List<String> positional = new ArrayList<>(List.of("bash"));
      positional.addAll(rest);
      return inner(call, call.input(), positional, true);
    }
    return script(call, rest);
  }

  private static String inner(Call call, String code, List<String> positional, boolean streamed) {
    if (call.walker().strict()) {
      Unsure.shell(call.name(), code, streamed);
    }
    return call.walker().inner(code, positional, streamed ? "" : call.input());
  }

  private static String script(Call call, List<String> rest) {
    String file = rest.get(0);
    Secrets.credential(call.state().directory, file);
    if (Marks.has(file, Marks.DOWNLOAD) && file.length() == 1) {
      call.findings().block(Family.DOWNLOAD_TO_SHELL, "A shell runs what was downloaded");
    }
    return call.walker().file(file, rest, call.input());
  }

  private static String eval(Call call) {
    List<String> words = call.arguments();
    if (!words.isEmpty() && words.get(0).equals("--")) {
      words = words.subList(1, words.size());
    }
    String code = Marks.plain(String.join(" ", words));
    return Opaque.judge(call.walker(), code) ? "" : call.walker().script(code, call.input());
  }

  private static String source(Call call) {
    if (call.arguments().isEmpty()) {
      return "";
    }
    String path = call.argv().get(1);
    String content = call.state().files.get(Paths.resolve(call.state().directory, path));
    if (path.equals("/dev/stdin") || path.equals("/dev/fd/0")) {
      content = call.input();
    }
    String output = "";
    if (content == null) {
      Files.read(call.walker(), path, call.name());
    } else if (!Opaque.judge(call.walker(), content)) {
      output = call.walker().script(content, call.input());
    }
    if (call.walker().strict()) {
      // What was written there may have been changed since.
      call.state().forgetAll();
      return String.valueOf(Marks.UNKNOWN);
    }
    return output;
  }

  /** A program whose input or output is a connection. */
  static void attached(Walker walker, Streams streams, String name) {
    if (!streams.socket()) {
      return;
    }
    boolean runs =
        is(name)
            || Interpreters.is(name)
            || name.equals("the shell itself")
            || name.equals("a program")
            || name.equals("script")
            || name.equals("eval")
            || name.equals("source");
    if (runs) {
      walker
          .findings()
          .block(
              Family.REVERSE_SHELL,
              "The input or output of " + Marks.shown(name) + " is a network connection");
    }
  }
}
