package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;

/** What the shell does itself: directories, variables, aliases, reading lines. */
final class Builtins {
  private Builtins() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Builtins::cd, "cd pushd chdir");
    Programs.register(handlers, call -> call.state().directory + "\n", "pwd");
    Programs.register(handlers, Builtins::declare, "export declare typeset local readonly");
    Programs.register(handlers, Builtins::set, "set");
    Programs.register(handlers, Builtins::shift, "shift");
    Programs.register(handlers, Builtins::alias, "alias");
    Programs.register(handlers, Builtins::read, "read mapfile readarray");
    Programs.register(handlers, Builtins::trap, "trap");
    Programs.register(handlers, Builtins::unset, "unset");
    Programs.register(handlers, Builtins::let, "let");
    Programs.register(handlers, Builtins::hash, "hash enable complete bind shopt");
    Programs.register(
        handlers,
        call -> "",
        ": true false test [ exit return break continue wait sleep umask ulimit popd");
    Programs.register(handlers, Builtins::where, "which type whereis");
    Programs.register(handlers, Builtins::getopts, "getopts");
  }

  private static String cd(Call call) {
    List<String> operands = call.operands();
    State state = call.state();
    String target = operands.isEmpty() ? Paths.HOME : operands.get(0);
    if (target.equals("-")) {
      state.directory = "/workspace";
    } else if (!Marks.known(target) && !target.startsWith("/")) {
      state.directory = "/workspace/" + Marks.UNKNOWN;
    } else {
      state.directory = Paths.resolve(state.directory, target);
    }
    return "";
  }

  private static String declare(Call call) {
    State state = call.state();
    if (call.arguments().isEmpty() || (call.arguments().size() == 1 && call.has("-p", "-x"))) {
      return String.valueOf(Marks.ENVIRONMENT);
    }
    if (call.letter('p') && call.operands().stream().anyMatch(Parameters::secret)) {
      return String.valueOf(Marks.TOKEN);
    }
    for (String argument : call.arguments()) {
      int equals = argument.indexOf('=');
      if (equals <= 0 || argument.startsWith("-")) {
        continue;
      }
      String name = argument.substring(0, equals);
      String value = Marks.plain(argument.substring(equals + 1));
      if (value.startsWith("(") && value.endsWith(")")) {
        state.assignArray(
            name,
            state.elementsOf(
                name, List.of(value.substring(1, value.length() - 1).strip().split("\\s+"))));
      } else {
        state.assign(name, value);
      }
      Environment.check(call.walker(), name, value);
    }
    return "";
  }

  private static String set(Call call) {
    List<String> arguments = call.arguments();
    if (arguments.isEmpty()) {
      return String.valueOf(Marks.ENVIRONMENT);
    }
    int from = 0;
    boolean given = false;
    while (!given && from < arguments.size() && arguments.get(from).matches("[-+].*")) {
      String option = arguments.get(from);
      given = option.equals("--") || option.equals("-");
      from += option.matches("[-+]\\w*o") ? 2 : 1;
    }
    if (!given && from >= arguments.size()) {
      return "";
    }
    List<String> positional =
        new java.util.ArrayList<>(
            List.of(call.walker().strict() ? call.state().positional.get(0) : "bash"));
    positional.addAll(arguments.subList(from, arguments.size()));
    call.state().positional = positional;
    return "";
  }

  private static String shift(Call call) {
    List<String> positional = call.state().positional;
    String count = call.arguments().isEmpty() ? "1" : call.arguments().get(0);
    if (!count.matches("\\d{1,4}")) {
      if (call.walker().strict()) {
        throw new Limits.Exceeded("it shifts by a number that cannot be told");
      }
      count = "1";
    }
    int gone = Integer.parseInt(count);
    if (gone < positional.size()) {
      List<String> rest = new java.util.ArrayList<>(List.of(positional.get(0)));
      rest.addAll(positional.subList(gone + 1, positional.size()));
      call.state().positional = rest;
    }
    return "";
  }

  private static String alias(Call call) {
    for (String argument : call.arguments()) {
      int equals = argument.indexOf('=');
      if (equals > 0) {
        call.state()
            .aliases
            .put(argument.substring(0, equals), Marks.plain(argument.substring(equals + 1)));
      }
    }
    return "";
  }

  private static String read(Call call) {
    List<String> names =
        call.name().equals("read")
            ? call.operands("-p", "-d", "-t", "-n", "-N", "-u", "-i", "-a")
            : call.operands("-d", "-n", "-O", "-s", "-u", "-C", "-c");
    boolean array = call.letter('a');
    List<String> arrays = array ? call.values("-a") : List.of();
    if (array && arrays.isEmpty() && !names.isEmpty()) {
      arrays = List.of(names.get(names.size() - 1));
    }
    String input = call.input();
    if (!call.values("-u").isEmpty()) {
      String number = call.values("-u").get(0);
      String open =
          number.matches("\\d{1,4}")
              ? call.state().descriptors.get(Integer.parseInt(number))
              : null;
      input =
          open == null
              ? input
              : Hosts.socket(open)
                  ? String.valueOf(Marks.SOCKET)
                  : Files.read(call.walker(), open, "read");
    }
    if (input.isEmpty() || call.walker().strict()) {
      input = String.valueOf(Marks.UNKNOWN);
    }
    State state = call.state();
    String ifs = state.value("IFS");
    String separators =
        ifs == null || ifs.isBlank()
            ? "[ \t]+"
            : "[" + java.util.regex.Pattern.quote(ifs.strip()) + " \t]+";
    if (!arrays.isEmpty() || !call.name().equals("read")) {
      String name = arrays.isEmpty() ? (names.isEmpty() ? "MAPFILE" : names.get(0)) : arrays.get(0);
      state.assignArray(
          name, List.of(input.strip().split(call.name().equals("read") ? separators : "\n")));
      return "";
    }
    names = names.isEmpty() ? List.of("REPLY") : names;
    int branches = state.branches;
    boolean first = true;
    for (String line : input.strip().split("\n", 9)) {
      String[] parts = line.strip().split(separators, names.size());
      state.branches = first ? 0 : 1;
      for (int i = 0; i < names.size(); i++) {
        state.assign(names.get(i), i < parts.length ? parts[i] : "");
      }
      first = false;
    }
    state.branches = branches;
    return "";
  }

  private static String trap(Call call) {
    List<String> operands = call.operands();
    if (operands.size() > 1) {
      if (call.walker().strict() && operands.get(0).indexOf('$') >= 0) {
        call.findings().unclear("Code that runs later depends on what is set by then");
      }
      call.walker().trapped(operands.get(0));
    }
    return "";
  }

  private static String unset(Call call) {
    for (String name : call.operands()) {
      call.state().variables.remove(name);
      call.state().functions.remove(name);
      if (name.equals("HISTFILE")) {
        call.findings().ask(Family.DEFENCES, "The shell's history is switched off");
      }
      if (!name.equals("IFS")) {
        call.state().assign(name, "");
      }
    }
    return "";
  }

  private static String let(Call call) {
    for (String argument : call.arguments()) {
      int equals = argument.indexOf('=');
      if (equals > 0) {
        call.state()
            .assign(
                argument.substring(0, equals).replaceAll("\\W", ""),
                call.walker().strict() ? String.valueOf(Marks.UNKNOWN) : "1");
      }
    }
    return "";
  }

  /** {@code hash -p /bin/rm ls} gives a program another name. */
  private static String hash(Call call) {
    if (call.name().equals("hash") && call.has("-p") && call.argv().size() > 3) {
      call.state().aliases.put(call.argv().get(3), call.argv().get(2));
    }
    return "";
  }

  /** {@code which rm} prints a program's path. */
  private static String where(Call call) {
    List<String> operands = call.operands();
    return operands.isEmpty() ? "" : "/usr/bin/" + operands.get(0) + "\n";
  }

  private static String getopts(Call call) {
    if (call.argv().size() > 2) {
      call.state().assign(call.argv().get(2), String.valueOf(Marks.UNKNOWN));
    }
    return "";
  }
}
