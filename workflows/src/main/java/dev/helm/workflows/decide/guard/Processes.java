package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;

/** Ending processes: single ones are ordinary, all that there are is not. */
final class Processes {
  private static final String VITAL =
      "(?i)systemd|init|sshd|dockerd|containerd|helm.*|kubelet|auditd|rsyslogd";

  private Processes() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Processes::kill, "kill");
    Programs.register(handlers, Processes::byName, "killall pkill skill killall5");
    Programs.register(handlers, Processes::ps, "ps top htop");
    Programs.register(handlers, Processes::pgrep, "pgrep pidof");
    Programs.register(handlers, Processes::sessions, "loginctl");
    Programs.register(handlers, Processes::bus, "dbus-send busctl gdbus qdbus");
  }

  private static String kill(Call call) {
    List<String> arguments = call.arguments();
    if (arguments.contains("-0") || call.has("-l", "-L", "--list", "--help")) {
      return "";
    }
    List<String> pids =
        arguments.size() > 1 && arguments.get(0).startsWith("-")
            ? arguments.subList(
                arguments.get(0).matches("-s|-n|--signal") ? Math.min(2, arguments.size()) : 1,
                arguments.size())
            : arguments;
    boolean all =
        pids.contains("-1")
            || pids.contains("1")
            || (arguments.contains("-1") && arguments.indexOf("-1") > 0)
            || pids.stream().anyMatch(p -> Marks.has(p, Marks.PROCESSES) || Marks.globbed(p));
    if (all) {
      call.findings()
          .block(Family.HALT, Marks.shown(String.join(" ", call.argv())) + " ends every process");
    }
    return "";
  }

  private static String byName(Call call) {
    List<String> arguments = call.arguments();
    if (arguments.contains("-0") || call.has("-l", "-L", "--list", "--help")) {
      return "";
    }
    boolean all =
        call.name().equals("killall5")
            || arguments.stream().anyMatch(Processes::any)
            || arguments.contains(String.valueOf(Marks.STAR))
            || (call.has("-u", "-U", "--user", "--euid")
                && call.operands("-u", "-U", "-s", "--signal", "--user", "-g", "-t", "-P", "--euid")
                    .isEmpty())
            || call.operands("-u", "-s").stream().anyMatch(a -> a.matches(VITAL));
    if (all || (arguments.contains("-v") && call.name().equals("pkill"))) {
      call.findings()
          .block(
              Family.HALT,
              Marks.shown(String.join(" ", call.argv()))
                  + " ends processes that are not the agent's");
    }
    return "";
  }

  /** A pattern that every name meets. */
  private static boolean any(String pattern) {
    return pattern.matches("\\.\\*?|\\.\\+|\\^|\\$|\\*|\\[a-z\\].*|''|\\\\?/|\\(\\)|\\w?\\*|");
  }

  private static String ps(Call call) {
    boolean some =
        call.has("-p", "--pid", "-C", "--ppid", "-t", "-q", "p", "-g", "--sid")
            || call.name().equals("ps")
                && (call.arguments().isEmpty()
                    || call.arguments().stream()
                        .allMatch(
                            a ->
                                a.matches("-?[flo]+|\\w+=?")
                                    && !a.matches("-?[a-zA-Z]*[aAex][a-zA-Z]*")));
    return String.valueOf(some ? Marks.OUTPUT : Marks.PROCESSES);
  }

  private static String pgrep(Call call) {
    boolean all =
        call.name().equals("pgrep")
            ? call.letter('v')
                || call.operands("-u", "-U", "-P", "-s", "-t", "-g", "-d").stream()
                    .allMatch(Processes::any)
            : call.operands().stream().anyMatch(a -> a.matches(VITAL));
    return String.valueOf(
        all && !call.has("-P", "-s", "-t", "-g") || vital(call) ? Marks.PROCESSES : Marks.OUTPUT);
  }

  private static boolean vital(Call call) {
    return call.operands("-u", "-U", "-P", "-s", "-t", "-g", "-d").stream()
        .anyMatch(a -> a.matches(VITAL));
  }

  /** What is left when a filter with this pattern has picked some of the text. */
  static String picked(String pattern, boolean inverted, String text) {
    boolean narrow = !inverted && pattern.matches("(?s).*[A-Za-z]{2}.*") && !pattern.equals("PID");
    return narrow ? text.replace(Marks.PROCESSES, Marks.OUTPUT) : text;
  }

  private static String sessions(Call call) {
    if (call.has("terminate-user", "kill-user", "terminate-seat", "poweroff", "reboot", "halt")) {
      call.findings().block(Family.HALT, Marks.shown(String.join(" ", call.argv())));
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static String bus(Call call) {
    String all = String.join(" ", call.arguments());
    if (all.matches("(?s).*\\b(PowerOff|Reboot|Halt|Suspend|Hibernate|KExec)\\b.*")) {
      call.findings().block(Family.HALT, call.name() + " stops the machine");
    } else if (all.matches(
        "(?s).*systemd1.*\\b(StartTransientUnit|EnableUnitFiles|KillUnit)\\b.*")) {
      call.findings().ask(Family.PERSISTENCE, call.name() + " has systemd run something");
    }
    return String.valueOf(Marks.OUTPUT);
  }
}
