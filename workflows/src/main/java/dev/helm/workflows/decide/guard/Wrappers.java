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
          Map.entry(
              "sudo",
              words("-u -g -p -C -h -r -t -U -D -R -T --user --group --chdir --prompt --host")),
          Map.entry("doas", words("-u -C")),
          Map.entry("pkexec", words("--user")),
          Map.entry("runuser", words("-u -g -G --user --group")),
          Map.entry("env", words("-u -C --unset --chdir")),
          Map.entry("nice", words("-n --adjustment")),
          Map.entry("ionice", words("-c -n --class --classdata")),
          Map.entry("timeout", words("-s -k --signal --kill-after")),
          Map.entry("stdbuf", words("-i -o -e --input --output --error")),
          Map.entry("time", words("-f -o --format --output")),
          Map.entry("exec", words("-a")),
          Map.entry("xvfb-run", words("-n -s -e -f -w")),
          Map.entry("chrt", words("-T -P -D")),
          Map.entry("taskset", words("-c --cpu-list")),
          Map.entry("setpriv", words("--reuid --regid --groups")),
          Map.entry(
              "systemd-run", words("-p -u --unit --property --on-calendar --on-boot --on-active")),
          Map.entry("unshare", words("-S -G -R -w --root --wd --map-user --map-group")),
          Map.entry("strace", words("-e -o -p -s -E -u -P -I -O -S -a -b -X")),
          Map.entry("ltrace", words("-e -o -p -s -u -n")),
          Map.entry("watch", words("-n --interval")),
          Map.entry("proot", words("-r -b -w -q")),
          Map.entry("entr", Set.of()),
          Map.entry("start-stop-daemon", words("-x -p -u -c --exec --pidfile --user --chuid")),
          Map.entry("flock", words("-w -E --timeout --wait --conflict-exit-code")));

  /** How many words stand before the other program's name, options left aside. */
  private static final Map<String, Integer> BEFORE =
      Map.of(
          "timeout",
          1,
          "chroot",
          1,
          "flock",
          1,
          "chrt",
          1,
          "taskset",
          1,
          "setarch",
          1,
          "cpulimit",
          0,
          "sg",
          1);

  private static final String PLAIN =
      "nohup nice ionice setsid stdbuf time command builtin exec unbuffer chronic catchsegv fakeroot numactl"
          + " dbus-run-session xvfb-run setpriv firejail eatmydata proot tsp env timeout taskset chrt setarch sudo doas pkexec"
          + " strace ltrace valgrind gtime linux32 linux64 i386 x86_64 cpulimit daemonize noglob nocorrect busybox toybox"
          + " caffeinate ld.so ld-linux-x86-64.so rlwrap faketime poetry pipenv uv rye bundle hatch pdm direnv winpty tini dumb-init gosu su-exec setuidgid chpst s6-setuidgid systemd-inhibit systemd-cat runcon";

  private Wrappers() {}

  private static Set<String> words(String list) {
    return Set.of(list.split(" ", -1));
  }

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Wrappers::plain, PLAIN);
    Programs.register(handlers, Wrappers::su, "su runuser sg");
    Programs.register(handlers, Wrappers::flock, "flock");
    Programs.register(handlers, Wrappers::words, "watch entr");
    Programs.register(handlers, Wrappers::script, "script");
    Programs.register(handlers, Wrappers::start, "start-stop-daemon systemd-run");
  }

  /** Whether the program's own words are followed by another program's. */
  static boolean is(String name) {
    return (" " + PLAIN + " su runuser sg flock watch entr script start-stop-daemon systemd-run ")
        .contains(" " + name + " ");
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
      } else if (word.matches("(?s)[A-Za-z_]\\w*=.*")
          && (name.equals("env") || name.equals("sudo") || name.equals("doas"))) {
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
        if (word.equals("-S")
            || word.equals("--split-string")
            || word.startsWith("-S") && name.equals("env") && word.length() > 2) {
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
    if (name.matches("poetry|pipenv|uv|rye|bundle|hatch|pdm|direnv")) {
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
    String text =
        word.length() > 2 && !word.startsWith("--")
            ? word.substring(2)
            : at + 1 < call.argv().size() ? call.argv().get(at + 1) : "";
    int rest = word.length() > 2 && !word.startsWith("--") ? at + 1 : at + 2;
    if (call.walker().strict() && !text.matches("[^\"'\\\\$#]*")) {
      throw new Limits.Exceeded("env splits a text with quotes");
    }
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
}
