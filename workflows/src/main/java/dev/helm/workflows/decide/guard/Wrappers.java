package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Programs that run another program: the other one is judged. */
final class Wrappers {
  /** Options of each that take the next word with them. */
  private static final Map<String, Set<String>> VALUED =
      Map.ofEntries(
          Map.entry("sudo", Set.of("-u", "-g", "-p", "-C", "-h", "-r", "-t", "-U", "-D", "-R", "-T", "--user", "--group", "--chdir", "--prompt", "--host")),
          Map.entry("doas", Set.of("-u", "-C")),
          Map.entry("pkexec", Set.of("--user")),
          Map.entry("runuser", Set.of("-u", "-g", "-G", "--user", "--group")),
          Map.entry("env", Set.of("-u", "-C", "--unset", "--chdir")),
          Map.entry("nice", Set.of("-n", "--adjustment")),
          Map.entry("ionice", Set.of("-c", "-n", "--class", "--classdata")),
          Map.entry("timeout", Set.of("-s", "-k", "--signal", "--kill-after")),
          Map.entry("stdbuf", Set.of("-i", "-o", "-e", "--input", "--output", "--error")),
          Map.entry("time", Set.of("-f", "-o", "--format", "--output")),
          Map.entry("exec", Set.of("-a")),
          Map.entry("xvfb-run", Set.of("-n", "-s", "-e", "-f", "-w")),
          Map.entry("chrt", Set.of("-T", "-P", "-D")),
          Map.entry("taskset", Set.of("-c", "--cpu-list")),
          Map.entry("setpriv", Set.of("--reuid", "--regid", "--groups")),
          Map.entry("systemd-run", Set.of("-p", "-u", "--unit", "--property", "--on-calendar", "--on-boot", "--on-active")),
          Map.entry("unshare", Set.of("-S", "-G", "-R", "-w", "--root", "--wd", "--map-user", "--map-group")),
          Map.entry("strace", Set.of("-e", "-o", "-p", "-s", "-E", "-u", "-P", "-I", "-O", "-S", "-a", "-b", "-X")),
          Map.entry("ltrace", Set.of("-e", "-o", "-p", "-s", "-u", "-n")),
          Map.entry("watch", Set.of("-n", "--interval")),
          Map.entry("proot", Set.of("-r", "-b", "-w", "-q")),
          Map.entry("entr", Set.of()),
          Map.entry("start-stop-daemon", Set.of("-x", "-p", "-u", "-c", "--exec", "--pidfile", "--user", "--chuid")),
          Map.entry("flock", Set.of("-w", "-E", "--timeout", "--wait", "--conflict-exit-code")));

  /** How many words stand before the other program's name, options left aside. */
  private static final Map<String, Integer> BEFORE =
      Map.of("timeout", 1, "chroot", 1, "flock", 1, "chrt", 1, "taskset", 1, "setarch", 1, "cpulimit", 0, "sg", 1);

  private static final String PLAIN =
      "nohup nice ionice setsid stdbuf time command builtin exec unbuffer chronic catchsegv fakeroot numactl"
          + " dbus-run-session xvfb-run setpriv firejail eatmydata proot tsp env timeout taskset chrt setarch sudo doas pkexec"
          + " strace ltrace valgrind gtime linux32 linux64 i386 x86_64 cpulimit daemonize noglob nocorrect busybox toybox"
          + " caffeinate ld.so ld-linux-x86-64.so rlwrap faketime poetry pipenv uv rye bundle hatch pdm direnv winpty tini dumb-init gosu su-exec setuidgid chpst s6-setuidgid systemd-inhibit systemd-cat runcon";

  private Wrappers() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Wrappers::plain, PLAIN);
    Programs.register(handlers, Wrappers::su, "su runuser sg");
    Programs.register(handlers, Wrappers::flock, "flock");
    Programs.register(handlers, Wrappers::words, "watch entr");
    Programs.register(handlers, Wrappers::script, "script");
    Programs.register(handlers, Wrappers::xargs, "xargs parallel rush");
    Programs.register(handlers, Wrappers::start, "start-stop-daemon systemd-run");
    Programs.register(handlers, Wrappers::find, "find fd fdfind gfind bfs");
  }

  /** Where the other program's name stands, or beyond the last word. */
  static int inner(String name, List<String> argv) {
    Set<String> valued = VALUED.getOrDefault(name, Set.of());
    int skip = BEFORE.getOrDefault(name, 0);
    int i = 1;
    while (i < argv.size()) {
      String word = argv.get(i);
      if (word.equals("--")) {
        i++;
        break;
      }
      if (word.length() > 1 && word.startsWith("-")) {
        i += valued.contains(word) ? 2 : 1;
      } else if (word.matches("(?s)[A-Za-z_]\\w*=.*") && (name.equals("env") || name.equals("sudo") || name.equals("doas"))) {
        i++;
      } else {
        break;
      }
    }
    return i + skip;
  }

  private static String plain(Call call) {
    String name = call.name();
    if (name.equals("command") && (call.has("-v", "-V"))) {
      List<String> operands = call.operands();
      return operands.isEmpty() ? "" : operands.get(0) + "\n";
    }
    if (name.equals("env") || name.equals("sudo")) {
      for (int i = 1; i < call.argv().size(); i++) {
        String word = call.argv().get(i);
        if (word.equals("-S") || word.equals("--split-string") || word.startsWith("-S") && name.equals("env") && word.length() > 2) {
          return split(call, i, word);
        }
        int equals = word.indexOf('=');
        if (!word.startsWith("-") && equals > 0) {
          Environment.check(call.walker(), word.substring(0, equals), word.substring(equals + 1));
        } else if (!word.startsWith("-")) {
          break;
        }
      }
    }
    int inner = inner(name, call.argv());
    if (name.matches("poetry|pipenv|uv|rye|bundle|hatch|pdm|direnv") ) {
      return runner(call);
    }
    if (name.matches("gosu|su-exec|setuidgid|s6-setuidgid|faketime|runcon")) {
      inner++;
    }
    if (inner >= call.argv().size()) {
      return name.equals("env") ? String.valueOf(Marks.ENVIRONMENT) : shellOf(call, name);
    }
    return call.from(inner);
  }

  /** sudo -s and sudo -i read commands. */
  private static String shellOf(Call call, String name) {
    return name.matches("sudo|doas") && (call.letter('s') || call.letter('i'))
        ? call.walker().shell(call.input(), List.of(), "")
        : "";
  }

  private static String split(Call call, int at, String word) {
    String text = word.length() > 2 && !word.startsWith("--") ? word.substring(2) : at + 1 < call.argv().size() ? call.argv().get(at + 1) : "";
    int rest = word.length() > 2 && !word.startsWith("--") ? at + 1 : at + 2;
    List<String> argv = new ArrayList<>(List.of("env"));
    argv.addAll(List.of(text.strip().split("\\s+")));
    argv.addAll(call.argv().subList(Math.min(rest, call.argv().size()), call.argv().size()));
    return Programs.run(call.with(argv));
  }

  /** {@code poetry run python …}. */
  private static String runner(Call call) {
    int run = Math.max(call.argv().indexOf("run"), call.argv().indexOf("exec"));
    int i = run + 1;
    while (run > 0 && i < call.argv().size() && call.argv().get(i).startsWith("-")) {
      i++;
    }
    return run > 0 ? call.from(i) : Tools.ordinary(call);
  }

  private static String su(Call call) {
    List<String> codes = call.values("-c", "--command");
    if (!codes.isEmpty()) {
      return call.walker().shell(codes.get(0), List.of(), call.input());
    }
    if (call.name().equals("runuser") && call.has("-u", "--user")) {
      return call.from(inner("runuser", call.argv()));
    }
    return call.input().isEmpty() ? "" : call.walker().shell(call.input(), List.of(), "");
  }

  private static String flock(Call call) {
    List<String> codes = call.values("-c", "--command");
    return codes.isEmpty()
        ? call.from(inner("flock", call.argv()))
        : call.walker().shell(codes.get(0), List.of(), call.input());
  }

  /** watch joins its words and hands them to a shell. */
  private static String words(Call call) {
    int inner = inner(call.name(), call.argv());
    if (inner >= call.argv().size()) {
      return "";
    }
    if (call.name().equals("entr") || call.letter('x')) {
      return call.from(inner);
    }
    String code = String.join(" ", call.argv().subList(inner, call.argv().size()));
    return call.walker().shell(Marks.plain(code), List.of(), call.input());
  }

  private static String script(Call call) {
    for (int i = 1; i < call.argv().size() - 1; i++) {
      String word = call.argv().get(i);
      if (word.equals("--command") || word.matches("-[a-zA-Z]*c")) {
        return call.walker().shell(call.argv().get(i + 1), List.of(), call.input());
      }
    }
    return call.input().isEmpty() ? "" : call.walker().shell(call.input(), List.of(), "");
  }

  private static String start(Call call) {
    List<String> program = new ArrayList<>(call.values("-x", "--exec", "-a", "--startas"));
    int dashes = call.argv().indexOf("--");
    if (!program.isEmpty()) {
      if (dashes > 0) {
        program.addAll(call.argv().subList(dashes + 1, call.argv().size()));
      }
      return Programs.run(call.with(program));
    }
    if (call.has("--on-calendar", "--on-boot", "--on-unit-active")) {
      call.findings().ask(Family.PERSISTENCE, "systemd-run puts a command on a timer");
    }
    return call.from(inner(call.name(), call.argv()));
  }

  private static final Set<String> XARGS_VALUED =
      Set.of("-n", "-P", "-L", "-s", "-a", "-d", "-E", "-I", "-j", "--max-procs", "--max-args", "--jobs", "--delimiter", "--arg-file", "-N", "-S", "--colsep", "--delay", "--timeout");

  private static String xargs(Call call) {
    List<String> argv = call.argv();
    int i = 1;
    String placeholder = call.name().equals("xargs") ? null : "{}";
    while (i < argv.size() && argv.get(i).startsWith("-") && argv.get(i).length() > 1) {
      String option = argv.get(i);
      if (option.equals("-I") && i + 1 < argv.size()) {
        placeholder = argv.get(i + 1);
      } else if (option.startsWith("-I") && option.length() > 2) {
        placeholder = option.substring(2);
      } else if (option.equals("-i") || option.equals("--replace")) {
        placeholder = "{}";
      }
      i += XARGS_VALUED.contains(option) ? 2 : 1;
    }
    List<String> command = new ArrayList<>(argv.subList(Math.min(i, argv.size()), argv.size()));
    String input = call.input().isEmpty() ? String.valueOf(Marks.UNKNOWN) : call.input();
    int literal = Math.max(command.indexOf(":::"), command.indexOf("::::"));
    List<String> items = new ArrayList<>();
    if (literal >= 0) {
      items.addAll(command.subList(literal + 1, command.size()));
      command = new ArrayList<>(command.subList(0, literal));
    } else {
      items.addAll(List.of(input.strip().split(call.has("-0", "--null", "-d") ? "[\\n\\x00]+" : "[\\s\\x00]+")));
    }
    if (items.size() > 200) {
      items = items.subList(0, 200);
    }
    return each(call, command, items, placeholder);
  }

  private static String each(Call call, List<String> command, List<String> items, String placeholder) {
    boolean parallel = !call.name().equals("xargs");
    if (command.isEmpty()) {
      if (parallel) {
        return items.stream().map(item -> call.walker().shell(Marks.plain(item), List.of(), "")).reduce("", (a, b) -> a + b);
      }
      return String.join("\n", items) + "\n";
    }
    StringBuilder output = new StringBuilder();
    boolean replaces = placeholder != null && command.stream().anyMatch(word -> word.contains(placeholder));
    if (!replaces) {
      List<String> whole = new ArrayList<>(command);
      whole.addAll(items);
      return parallel && command.size() == 1 ? call.walker().shell(Marks.plain(String.join(" ", whole)), List.of(), "") : Programs.run(call.with(whole, ""));
    }
    for (String item : items.subList(0, Math.min(items.size(), 20))) {
      List<String> words = command.stream().map(word -> word.replace(placeholder, item)).toList();
      output.append(parallel && words.size() == 1 ? call.walker().shell(Marks.plain(words.get(0)), List.of(), "") : Programs.run(call.with(words, "")));
    }
    return output.toString();
  }

  private static final Set<String> NARROWING =
      Set.of("-name", "-iname", "-path", "-ipath", "-regex", "-iregex", "-mtime", "-mmin", "-atime", "-ctime", "-newer", "-size", "-empty", "-user", "-wholename", "-perm", "-cmin", "-amin", "-group", "-newermt", "-inum", "-samefile", "-lname");

  private static String find(Call call) {
    List<String> roots = new ArrayList<>();
    List<String> argv = call.argv();
    int i = 1;
    while (i < argv.size() && (argv.get(i).matches("-[HLP]|-O\\d|-D") )) {
      i++;
    }
    while (i < argv.size() && !argv.get(i).startsWith("-") && !argv.get(i).matches("[(!]")) {
      roots.add(argv.get(i++));
    }
    if (roots.isEmpty()) {
      roots.add(".");
    }
    List<String> tests = argv.subList(i, argv.size());
    boolean narrow = tests.stream().anyMatch(NARROWING::contains) && !tests.contains("-o");
    String name = after(tests, "-name", after(tests, "-iname", after(tests, "-path", "")));
    narrow &= !name.matches("[*?.]+");
    List<String> found = new ArrayList<>();
    for (String root : roots) {
      found.add(found(root, name, narrow));
      for (int t = 0; t + 1 < tests.size(); t++) {
        if (tests.contains("-o") && tests.get(t).matches("-i?name")) {
          found.add(found(root, tests.get(t + 1), true));
        }
      }
    }
    for (int t = 0; t < tests.size(); t++) {
      switch (tests.get(t)) {
        case "-delete" -> found.forEach(path -> Deletion.target(call, path, true, "find -delete"));
        case "-exec", "-execdir", "-ok", "-okdir", "-x", "-X" -> exec(call, tests.subList(t + 1, tests.size()), found);
        case "-fprintf", "-fprint", "-fls" -> {
          if (t + 1 < tests.size()) {
            Files.check(call.walker(), tests.get(t + 1), String.valueOf(Marks.FILE), false);
          }
        }
        default -> {}
      }
    }
    return String.join("\n", found) + "\n";
  }

  /** A path that stands for what is found below a root. */
  private static String found(String root, String name, boolean narrow) {
    String base = root.endsWith("/") ? root : root + "/";
    if (!name.isEmpty() && name.indexOf('*') < 0 && narrow) {
      return base.equals("/") ? "/" + Marks.STAR + "/" + name : base + name;
    }
    boolean top = root.matches("/+|/\\.|\\.\\.(/\\.\\.)*/?");
    return base + (narrow && !top ? Marks.UNKNOWN + "" : Marks.STAR + "");
  }

  private static String after(List<String> words, String option, String otherwise) {
    int at = words.indexOf(option);
    return at >= 0 && at + 1 < words.size() ? words.get(at + 1) : otherwise;
  }

  private static void exec(Call call, List<String> rest, List<String> found) {
    int end = 0;
    while (end < rest.size() && !rest.get(end).equals(";") && !(rest.get(end).equals("+") )) {
      end++;
    }
    List<String> command = rest.subList(0, end);
    if (command.isEmpty()) {
      return;
    }
    for (String path : found) {
      List<String> words = new ArrayList<>(command.stream().map(word -> word.replace("{}", path)).toList());
      if (command.stream().noneMatch(word -> word.contains("{}")) && call.name().startsWith("fd")) {
        words.add(path);
      }
      if (words.get(0).equals("rm") && words.stream().noneMatch(word -> word.matches("-[a-zA-Z]*[rR].*"))) {
        words.add(1, "-r");
      }
      Programs.run(call.with(words, ""));
    }
  }
}
