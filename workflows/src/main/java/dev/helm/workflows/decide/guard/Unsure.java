package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Parser;
import dev.helm.workflows.decide.guard.shell.Shell;
import dev.helm.workflows.decide.guard.shell.SimpleCommands;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What {@link Walker#strict} does not follow: where a builtin or nested code could change what
 * later words mean in a way that is not modelled, people are asked.
 */
final class Unsure {
  private static final String UNTOLD = String.valueOf(Marks.UNKNOWN);
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  /** Change how the shell reads what follows, or refuse a value and drop the rest of the line. */
  private static final Pattern RULING =
      Pattern.compile(
          "IFS|PS[0-4]|BASH.*|SHELLOPTS|UID|EUID|PPID|ENV|POSIXLY_CORRECT|PROMPT_COMMAND|FUNCNAME"
              + "|GROUPS|LD_PRELOAD");

  /** Whose value the shell gives. */
  private static final Pattern GIVEN =
      Pattern.compile(
          "S?RANDOM|SECONDS|LINENO|EPOCH.*|HISTCMD|_|OPTARG|OPTIND|REPLY|PWD|OLDPWD|DIRSTACK|COLUMNS"
              + "|LINES|PIPESTATUS|COPROC.*|MAPFILE|READLINE_.*|COMP_.*");

  private static final Pattern GLUED = Pattern.compile("\\)[^\\s;&|<>)]");

  private static final Set<String> SET_OPTIONS =
      Set.of(
          "pipefail", "errexit", "nounset", "xtrace", "noglob", "allexport", "errtrace", "verbose");

  /** Of these /bin/sh makes something else than bash does. */
  private static final Pattern DIALECT =
      Pattern.compile("&>|\\|&|<<<|\\b(?:declare|typeset|let|source)\\b|\\+=");

  /** May take lines away from code that stands in the same input. */
  private static final Pattern READS =
      Pattern.compile("\\b(?:read|mapfile|readarray|head|cat|dd|tee|ssh|sed|xargs|sh|bash)\\b");

  private Unsure() {}

  /** A builtin whose effect is not surely what its handler says. */
  static void builtin(Call call, String name) {
    List<String> arguments = call.arguments();
    switch (name) {
      case "alias" -> {
        // Who calls it by this name is asked about: only some shells follow it.
        only(name, arguments, "(?s)-p|[\\w.-]+(?:=.*)?");
        if (call.walker().limits().depth() > 0 || arguments.stream().anyMatch(Unsure::keyword)) {
          throw exceeded(name);
        }
      }
      case "enable", "complete", "compgen", "bind", "fc", "readonly", "local" ->
          throw exceeded(name);
      case "shopt" -> only(name, arguments, "-[pq]+");
      case "hash" -> only(name, arguments, "-r|[\\w./][\\w./-]*");
      case "jobs" -> only(name, arguments, "-[lnprs]+|%?\\d*");
      case "wait" -> {
        if (!arguments.stream().allMatch(Marks::known)) {
          call.state().forgetAll();
        } else {
          only(name, arguments, "-[nf]+|%?\\d*");
        }
      }
      case "set" -> set(arguments);
      case "shift" -> {
        if (arguments.size() > 1) {
          throw exceeded(name);
        }
      }
      case "declare", "typeset", "export" -> names(call);
      case "read", "mapfile", "readarray" -> read(call, name);
      case "printf" -> printf(call);
      case "let" -> {
        for (String argument : arguments) {
          NAME.matcher(known(argument)).results().forEach(found -> forget(call, found.group()));
        }
      }
      case "unset" -> {
        for (String argument : arguments) {
          if (!argument.matches("-[fv]")) {
            forget(call, variable(argument));
          }
        }
      }
      case "getopts" -> {
        if (arguments.size() > 1) {
          forget(call, variable(arguments.get(1)));
        }
      }
      default -> {}
    }
  }

  /** Whether a builtin of that name may set a variable or parameter, or fail to. */
  static boolean changes(String name) {
    return switch (name) {
      case "declare", "typeset", "export", "read", "mapfile", "readarray", "printf", "let" -> true;
      case "unset", "getopts", "set", "shift" -> true;
      default -> false;
    };
  }

  private static boolean keyword(String alias) {
    return alias.matches(
        "(?s)(?:if|then|elif|else|fi|for|select|in|do|done|while|until|case|esac|function|time|coproc)=.*");
  }

  private static Limits.Exceeded exceeded(String name) {
    return new Limits.Exceeded(name + " may change what later words mean");
  }

  private static void only(String name, List<String> arguments, String pattern) {
    if (!arguments.stream().allMatch(argument -> argument.matches(pattern))) {
      throw exceeded(name);
    }
  }

  private static void set(List<String> arguments) {
    for (int i = 0; i < arguments.size(); i++) {
      String option = known(arguments.get(i));
      if (option.equals("--") || option.equals("-") || !option.matches("[-+].*")) {
        return;
      }
      if (!option.matches("[-+][euxvfaET]*o?")) {
        throw exceeded("set");
      }
      if (option.endsWith("o")
          && ++i < arguments.size()
          && !SET_OPTIONS.contains(arguments.get(i))) {
        throw exceeded("set");
      }
    }
  }

  private static void names(Call call) {
    for (String argument : call.arguments()) {
      if (argument.matches("-[pxn]") || argument.equals("--")) {
        continue;
      }
      int equals = argument.indexOf('=');
      forget(call, variable(equals < 0 ? argument : argument.substring(0, equals)));
    }
  }

  private static void read(Call call, String name) {
    boolean reads = name.equals("read");
    List<String> named =
        reads
            ? call.operands("-p", "-d", "-t", "-n", "-N", "-u", "-i")
            : call.operands("-d", "-n", "-O", "-s", "-u", "-C", "-c");
    named.forEach(operand -> forget(call, variable(operand)));
    for (String argument : call.arguments()) {
      if (NAME.matcher(argument).matches()) {
        forget(call, argument);
      } else if (argument.matches("-[A-Za-z]*a.+")) {
        throw exceeded(name);
      }
    }
  }

  private static void printf(Call call) {
    List<String> arguments = call.arguments();
    if (!arguments.isEmpty() && arguments.get(0).matches("-.+") && !arguments.get(0).equals("--")) {
      if (!arguments.get(0).equals("-v") || arguments.size() < 2) {
        throw exceeded("printf");
      }
      forget(call, variable(arguments.get(1)));
    }
  }

  private static String known(String text) {
    if (!Marks.known(text)) {
      throw new Limits.Exceeded("what is set cannot be told");
    }
    return text;
  }

  private static String variable(String name) {
    if (!NAME.matcher(known(name)).matches()) {
      throw new Limits.Exceeded("what is set is no plain variable");
    }
    return name;
  }

  private static void forget(Call call, String name) {
    assigns(name);
    call.state().assign(name, UNTOLD);
  }

  /** A variable is given a value. */
  static void assigns(String name) {
    if (!NAME.matcher(name).matches() || RULING.matcher(name).matches()) {
      throw new Limits.Exceeded("the variable changes what later words mean");
    }
  }

  /** What is surely in a variable after the value was given to it. */
  static String value(String name, String value) {
    return GIVEN.matcher(name).matches() ? UNTOLD : value;
  }

  /** Assignments, with the command behind them if there is one. */
  static void assigns(Shell.Simple command, List<String> argv) {
    boolean reads = !argv.isEmpty() && argv.get(0).equals("read");
    for (Shell.Assignment assignment : command.assignments()) {
      if (!reads || !assignment.name().equals("IFS")) {
        assigns(assignment.name());
      }
    }
    // Attack: to bash "a=(x y)git push --force" is one word, and then "push --force".
    if (command.assignments().stream().anyMatch(Shell.Assignment::array)
        && GLUED.matcher(command.raw()).find()) {
      throw new Limits.Exceeded("a word is glued to an array");
    }
    boolean descriptor =
        command.words().stream().anyMatch(word -> word.raw().matches("\\{\\w+\\}"));
    if (descriptor && !command.redirects().isEmpty()) {
      throw new Limits.Exceeded("a redirection sets a variable");
    }
  }

  /** Nested code is held to what the command itself is held to. */
  static void nested(Parser.Script script, String code) {
    SimpleCommands simple = SimpleCommands.of(script.commands());
    boolean evaluates =
        simple.commands().stream()
            .filter(part -> !part.words().isEmpty())
            .anyMatch(part -> Subscripts.mayRun(part.words().get(0).raw(), part.raw(), code));
    if (script.mistake() != null || !simple.plain() || evaluates) {
      throw new Limits.Exceeded("nested code has parts that cannot be followed for sure");
    }
  }

  /** Code for a shell of that name, {@code streamed} if it stands in the shell's own input. */
  static void shell(String name, String code, boolean streamed) {
    boolean bash = name.equals("bash");
    if (!bash && !name.matches("sh|dash|ash")
        || !bash && DIALECT.matcher(code).find()
        || streamed && code.strip().indexOf('\n') >= 0 && READS.matcher(code).find()) {
      throw new Limits.Exceeded("another shell may read the code in another way");
    }
  }

  /** Output of a command with these redirections; some lead to where it is read, some away. */
  static boolean prints(List<Shell.Redirect> redirects) {
    return redirects.stream().allMatch(redirect -> redirect.operator().matches("<|<<-?|<<<"));
  }
}
