package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Interpreters of other languages: where their code stands on the command line. */
final class Interpreters {
  private static final String NAMES =
      "python pypy ipython perl ruby jruby node nodejs deno bun php lua luajit tclsh wish expect rscript r osascript pwsh powershell julia groovy jrunscript jshell awk gawk mawk nawk bpython micropython elixir scala guile racket swipl ts-node tsx esbuild-node irb pry erl emacs";

  /** Options whose value is code, by the program's name without its version. */
  private static final Map<String, Set<String>> CODE =
      Map.ofEntries(
          Map.entry("python", words("-c")),
          Map.entry("pypy", words("-c")),
          Map.entry("ipython", words("-c")),
          Map.entry("bpython", words("-c")),
          Map.entry("micropython", words("-c")),
          Map.entry("perl", words("-e -E")),
          Map.entry("ruby", words("-e")),
          Map.entry("jruby", words("-e")),
          Map.entry("node", words("-e -p -pe --eval --print -r")),
          Map.entry("nodejs", words("-e -p -pe --eval --print")),
          Map.entry("bun", words("-e -p --eval --print")),
          Map.entry("deno", words("eval -p")),
          Map.entry("ts-node", words("-e -p")),
          Map.entry("tsx", words("-e")),
          Map.entry("php", words("-r -B -R -E")),
          Map.entry("lua", words("-e")),
          Map.entry("luajit", words("-e")),
          Map.entry("rscript", words("-e")),
          Map.entry("r", words("-e")),
          Map.entry("osascript", words("-e")),
          Map.entry("pwsh", words("-c -Command -command -C")),
          Map.entry("powershell", words("-c -Command -command")),
          Map.entry("julia", words("-e -E")),
          Map.entry("groovy", words("-e")),
          Map.entry("jrunscript", words("-e")),
          Map.entry("expect", words("-c")),
          Map.entry("elixir", words("-e")),
          Map.entry("scala", words("-e")),
          Map.entry("guile", words("-c")),
          Map.entry("racket", words("-e")),
          Map.entry("erl", words("-eval")),
          Map.entry("emacs", words("--eval -eval")));

  private Interpreters() {}

  private static Set<String> words(String list) {
    return Set.of(list.split(" ", -1));
  }

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Interpreters::run, NAMES);
    Programs.register(handlers, Interpreters::awk, "awk gawk mawk nawk");
    Programs.register(
        handlers, Interpreters::editor, "vim vi nvim ex view rvim gdb lldb ed emacsclient");
    Programs.register(handlers, Interpreters::sed, "sed gsed");
  }

  static boolean is(String name) {
    return (" " + NAMES + " ").contains(" " + stem(name) + " ");
  }

  private static String stem(String name) {
    return name.replaceFirst("(-?\\d+(\\.\\d+)*)?(\\.exe)?$", "");
  }

  private static String run(Call call) {
    String name = stem(call.name());
    Set<String> options = CODE.getOrDefault(name, Set.of());
    List<String> argv = call.argv();
    List<String> code = new ArrayList<>();
    String script = null;
    boolean module = false;
    for (int i = 1; i < argv.size(); i++) {
      String word = argv.get(i);
      String inline = inline(name, word, options);
      if (inline != null) {
        code.add(!inline.isEmpty() ? inline : i + 1 < argv.size() ? argv.get(++i) : "");
        if (!name.matches("perl|ruby|jruby|rscript|r|osascript")) {
          break;
        }
      } else if (word.equals("-m") && name.matches("python|pypy")) {
        module = true;
        module(call, argv.subList(Math.min(i + 1, argv.size()), argv.size()));
        break;
      } else if (word.equals("-EncodedCommand")
          || word.equals("-enc")
          || word.equals("-e") && name.matches("pwsh|powershell")) {
        call.findings().unclear("PowerShell is given encoded code");
        return "";
      } else if (!word.startsWith("-") || word.equals("-")) {
        script = word;
        break;
      } else if (word.matches("-[XWQIr]|--require") && i + 1 < argv.size()) {
        i++;
      }
    }
    return judged(call, name, code, module, script);
  }

  private static String judged(
      Call call,
      String name,
      List<String> code,
      boolean module,
      @org.jspecify.annotations.Nullable String script) {
    if (!code.isEmpty()) {
      Code.judge(call, name, Marks.plain(String.join("\n", code)));
      rest(call);
    } else if (module) {
      return String.valueOf(Marks.OUTPUT) + Marks.of(call.input());
    } else if (script == null || script.equals("-") || script.equals("/dev/stdin")) {
      Code.judge(call, name, call.input());
    } else if (!name.equals("deno") && !name.equals("bun")
        || !script.matches("run|test|install|add|task|fmt|lint|build|x|upgrade|info")) {
      String path = Paths.resolve(call.state().directory, script);
      String content = call.state().files.get(path);
      if (content != null) {
        Code.judge(call, name, content);
      } else {
        Files.read(call.walker(), script, name);
      }
      rest(call);
    } else if (call.arguments().stream().anyMatch(a -> a.matches("https?://.*"))) {
      call.findings().block(Family.DOWNLOAD_TO_SHELL, name + " runs code straight from a URL");
    }
    String marks = Marks.of(call.input());
    String printed = code.isEmpty() ? null : Code.printed(String.join("\n", code));
    if (printed != null) {
      return printed;
    }
    return String.valueOf(Marks.OUTPUT) + (code.isEmpty() ? "" : marks);
  }

  /** Arguments behind the code may name files that it reads. */
  private static void rest(Call call) {
    boolean edits =
        call.name().matches("perl|ruby")
            && call.arguments().stream().anyMatch(a -> a.matches("-[a-z0-9]*i.*"));
    for (String file : edits ? call.operands("-e", "-E") : List.<String>of()) {
      Files.check(call.walker(), file, String.valueOf(Marks.FILE), true);
    }
    for (String argument : call.arguments()) {
      if (argument.length() < 200 && Secrets.credential(call.state().directory, argument)) {
        Files.read(call.walker(), argument, call.name());
      }
    }
  }

  /** Code joined to its option ({@code -eCODE}), the empty string where it follows, else null. */
  private static @org.jspecify.annotations.Nullable String inline(
      String name, String word, Set<String> options) {
    if (options.contains(word)) {
      return "";
    }
    for (String option : options) {
      if (option.startsWith("--") && word.startsWith(option + "=")) {
        return word.substring(option.length() + 1);
      }
    }
    if (name.matches("perl|ruby|jruby")
        && word.matches("(?s)-[a-zA-Z0-9]*[eE].*")
        && !word.matches("-[MmIxi].*")) {
      int at = word.indexOf('e') > 0 ? word.indexOf('e') : word.indexOf('E');
      return word.substring(at + 1);
    }
    if (name.matches("python|pypy")
        && word.matches("(?s)-[a-zA-Z]*c.*")
        && !word.startsWith("--")) {
      return word.substring(word.indexOf('c') + 1);
    }
    if (name.matches("node|nodejs|php|lua|luajit")
        && word.matches("(?s)-[er].+")
        && !word.matches("-[a-z]+")) {
      return word.substring(2);
    }
    return null;
  }

  private static void module(Call call, List<String> words) {
    if (words.isEmpty()) {
      return;
    }
    if (words.get(0).matches("timeit|cProfile|profile|pdb|trace")) {
      List<String> argv = new ArrayList<>(List.of("python"));
      argv.addAll(
          words.get(0).equals("timeit") && words.size() > 1
              ? List.of("-c", words.get(words.size() - 1))
              : words.subList(1, words.size()));
      Programs.run(call.with(argv));
    }
    for (String served : call.values("-d", "--directory")) {
      if (words.get(0).equals("http.server")
          && Paths.place(call.state().directory, served, true) == Paths.Place.VITAL) {
        call.findings().block(Family.EXFILTRATION, "A web server offers " + Marks.shown(served));
      }
    }
    for (String word : words) {
      if (Secrets.credential(call.state().directory, word)) {
        Files.read(call.walker(), word, "python");
      }
    }
  }

  private static String awk(Call call) {
    List<String> operands = call.operands("-F", "-v", "-f", "--file", "-i", "--source", "-e");
    List<String> sources = call.values("-e", "--source");
    List<String> files = call.values("-f", "--file");
    for (String file : files) {
      Code.judge(call, "awk", Files.read(call.walker(), file, "awk"));
    }
    String program =
        !sources.isEmpty()
            ? String.join("\n", sources)
            : files.isEmpty() && !operands.isEmpty() ? operands.get(0) : "";
    Code.judge(call, "awk", Marks.plain(program));
    StringBuilder text = new StringBuilder();
    for (String operand :
        files.isEmpty() && sources.isEmpty() && !operands.isEmpty()
            ? operands.subList(1, operands.size())
            : operands) {
      text.append(Files.read(call.walker(), operand, "awk"));
    }
    if (text.isEmpty()) {
      text.append(call.input());
    }
    // awk 'BEGIN{print "…"}' prints what it says.
    java.util.regex.Matcher printed =
        java.util.regex.Pattern.compile(
                "\\s*BEGIN\\s*\\{\\s*printf?\\s*\\(?(?:\"%s(?:\\\\n)?\"\\s*,\\s*)?\"((?:[^\"\\\\]|\\\\.)*)\"\\)?;?\\s*\\}\\s*")
            .matcher(program);
    if (printed.matches()) {
      return Escapes.ansi(String.valueOf(printed.group(1)), true) + "\n";
    }
    if (program.matches("\\s*(1|\\{\\s*print(\\s+\\$0)?\\s*\\})\\s*")) {
      return text.toString();
    }
    boolean picks = program.matches("(?s).*(/[^/]*[A-Za-z]{2}[^/]*/|~|==\\s*\").*");
    return Marks.OUTPUT + Processes.picked(picks ? "some" : "", false, Marks.of(text.toString()));
  }

  private static String editor(Call call) {
    for (String command :
        call.values("-c", "--cmd", "-ex", "--eval-command", "-o", "--batch-command")) {
      Code.judge(call, "vim", command.replaceFirst("^:?call ", ""));
      if (command.startsWith(":!") || command.startsWith("!")) {
        call.walker().shell(command.substring(command.indexOf('!') + 1), List.of(), "");
      } else if (command.startsWith("shell ")) {
        call.walker().shell(command.substring(6), List.of(), "");
      } else if (command.matches(
          "(?s):?(python3?|py3?|pythonx|script|lua|perl|ruby|call system\\(|py3eval).*")) {
        Code.judge(
            call,
            "python",
            command.replaceFirst("^:?(python3?|py3?|pythonx|script|lua|perl|ruby)\\s+", ""));
      }
    }
    for (String argument : call.arguments()) {
      if (argument.startsWith("+") && argument.contains("!")) {
        call.walker().shell(argument.substring(argument.indexOf('!') + 1), List.of(), "");
      }
    }
    if (call.name().matches("gdb|lldb") && call.has("-p", "--pid", "--attach-pid")) {
      call.findings().ask(Family.CREDENTIALS, call.name() + " reads another process's memory");
    }
    if (call.name().equals("ed") || call.name().equals("ex")) {
      for (String line : call.input().split("\n")) {
        if (line.startsWith("!")) {
          call.walker().shell(line.substring(1), List.of(), "");
        }
      }
    }
    return Tools.ordinary(call);
  }

  private static String sed(Call call) {
    List<String> scripts = new ArrayList<>(call.values("-e", "--expression"));
    List<String> operands =
        new ArrayList<>(call.operands("-e", "-f", "--expression", "--file", "-l", "-E"));
    if (scripts.isEmpty() && call.values("-f", "--file").isEmpty() && !operands.isEmpty()) {
      scripts.add(operands.remove(0));
    }
    boolean edits = call.arguments().stream().anyMatch(a -> a.matches("-[nErsz]*i.*|--in-place.*"));
    StringBuilder text = new StringBuilder();
    for (String file : operands) {
      text.append(Files.read(call.walker(), file, "sed"));
      if (edits) {
        Files.check(call.walker(), file, String.valueOf(Marks.FILE), true);
      }
    }
    if (operands.isEmpty()) {
      text.append(call.input());
    }
    String result = text.toString();
    for (String script : scripts) {
      result = Sed.apply(call, Marks.plain(script), result);
    }
    return Marks.known(result)
        ? result
        : Processes.picked(
            String.join(";", scripts).replaceFirst("s/.*", ""), false, Marks.of(result));
  }
}
