package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;

/** Power, processes, users, firewall, timers, kernel. */
final class Machine {
  private Machine() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Machine::power, "shutdown reboot halt poweroff telinit init kexec");
    Programs.register(
        handlers,
        Machine::systemctl,
        "systemctl service rc-service initctl sv launchctl update-rc.d chkconfig");
    Programs.register(handlers, Machine::crontab, "crontab");
    Programs.register(handlers, Machine::later, "at batch");
    Programs.register(
        handlers,
        Machine::users,
        "useradd adduser usermod userdel deluser groupadd groupmod gpasswd chpasswd passwd visudo vipw chsh newusers addgroup delgroup groupdel");
    Programs.register(
        handlers,
        Machine::firewall,
        "iptables ip6tables nft ufw firewall-cmd pfctl setenforce auditctl aa-teardown aa-disable ebtables iptables-restore");
    Programs.register(handlers, Machine::interfaces, "ip ifconfig route ifdown nmcli");
    Programs.register(
        handlers, Machine::kernel, "insmod modprobe rmmod kmod sysctl bpftool kldload");
    Programs.register(handlers, Machine::history, "history");
    Programs.register(handlers, Machine::capabilities, "setcap capsh");
    Programs.register(handlers, Machine::dump, "gcore procdump");
    Programs.register(
        handlers, Machine::miner, "xmrig minerd cpuminer ethminer cgminer t-rex nbminer");
    Programs.register(handlers, Machine::logs, "journalctl");
    Programs.register(
        handlers,
        Machine::keys,
        "security secret-tool keyctl kwallet-query pass gpg gpg2 mimikatz hashdump unshadow john hashcat vault op bw lsass");
  }

  private static String power(Call call) {
    String name = call.name();
    if (name.matches("init|telinit")
        && !call.arguments().stream().anyMatch(a -> a.matches("[0156sS]"))) {
      return "";
    }
    if (!call.has("--help", "--version", "-c", "--show")
        && (!name.equals("kexec") || !call.arguments().isEmpty())) {
      call.findings().block(Family.HALT, Marks.shown(String.join(" ", call.argv())));
    }
    return "";
  }

  private static String systemctl(Call call) {
    String all = String.join(" ", call.arguments());
    if (all.matches(
        "(.* )?(poweroff|reboot|halt|kexec|emergency|rescue|suspend|hibernate|hybrid-sleep|isolate [\\w.-]*)( .*)?")) {
      call.findings().block(Family.HALT, Marks.shown(call.name() + " " + all));
    } else if (all.matches("(?i)(.* )?(stop|disable|mask|kill)( .*)?")
        && all.matches(
            "(?i).*(auditd|firewalld|ufw|iptables|nftables|apparmor|fail2ban|rsyslog|syslog|falco|clamav|crowdstrike|osquery|selinux|wazuh|sshguard|journald).*")) {
      call.findings().block(Family.DEFENCES, Marks.shown(call.name() + " " + all));
    } else if (all.matches(
        "(?i)(.* )?(ufw|firewalld|iptables|auditd|apparmor|rsyslog) (stop|off|disable)")) {
      call.findings().block(Family.DEFENCES, Marks.shown(call.name() + " " + all));
    } else if (all.matches(
        "(.* )?kill .*\\*.*|(.* )?isolate (rescue|emergency|halt|poweroff|reboot).*")) {
      call.findings().block(Family.HALT, Marks.shown(call.name() + " " + all));
    } else if (all.matches("(.* )?(enable|link|load) .*(/tmp/|/workspace/|/dev/shm/|\\.config/).*")
        || call.name().equals("launchctl") && all.startsWith("load")) {
      call.findings().block(Family.PERSISTENCE, Marks.shown(call.name() + " " + all));
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static String crontab(Call call) {
    if (call.letter('l') || call.has("--help", "-V")) {
      return String.valueOf(Marks.OUTPUT);
    }
    if (call.letter('r')) {
      call.findings().block(Family.PERSISTENCE, "crontab -r removes every timer");
      return "";
    }
    List<String> operands = call.operands("-u");
    String content =
        operands.isEmpty() || operands.get(0).equals("-")
            ? call.input()
            : Files.read(call.walker(), operands.get(0), "crontab");
    if (!call.letter('e')) {
      later(call, content, true);
    }
    return "";
  }

  private static String later(Call call) {
    List<String> files = call.values("-f");
    String content = files.isEmpty() ? call.input() : Files.read(call.walker(), files.get(0), "at");
    if (!content.isEmpty() && !call.has("-l", "-r", "-d", "-c", "-q")) {
      later(call, content, false);
    }
    return "";
  }

  /** Code on a timer: what it does is judged; what reaches out or cannot be told stays out. */
  private static void later(Call call, String content, boolean timed) {
    for (String line : content.split("\n")) {
      String code = timed ? line.strip().replaceFirst("^(@\\w+|(\\S+\\s+){4}\\S+)\\s+", "") : line;
      if (code.matches(
              "(?s).*\\b(curl|wget|nc|ncat|bash -i|/dev/tcp|python\\d? -c|perl -e|socat)\\b.*")
          || Marks.has(code, Marks.DOWNLOAD)
          || Marks.has(code, Marks.DECODED)) {
        call.findings()
            .block(
                Family.PERSISTENCE,
                call.name() + " puts a command on a timer that reaches out or hides what it does");
      } else if (timed && code.matches("(?s).*(/tmp/|/dev/shm/|/var/tmp/).*")) {
        call.findings()
            .block(Family.PERSISTENCE, "crontab puts a program from a temp directory on a timer");
      } else if (Marks.known(code)) {
        call.walker().shell(code, List.of(), "");
        if (timed && !code.isBlank()) {
          call.findings().ask(Family.PERSISTENCE, "crontab puts a command on a timer");
        }
      } else if (Marks.has(code, Marks.FILE) && code.length() == 1 && timed) {
        call.findings()
            .ask(
                Family.PERSISTENCE,
                call.name() + " puts commands on timers that this one does not show");
      }
    }
  }

  private static String users(Call call) {
    if (!call.has("--help", "-S", "--status", "--version")
        && !(call.name().equals("visudo") && call.has("-c"))) {
      call.findings().block(Family.PRIVILEGES, Marks.shown(String.join(" ", call.argv())));
    }
    return "";
  }

  private static String firewall(Call call) {
    boolean looks =
        call.arguments().isEmpty()
            || call.has(
                "-L",
                "-S",
                "--list",
                "status",
                "list",
                "--list-all",
                "-nL",
                "-vnL",
                "-nvL",
                "-V",
                "--version",
                "--help",
                "--state",
                "-s",
                "-l",
                "get-default-zone");
    if (!looks) {
      call.findings().block(Family.DEFENCES, Marks.shown(String.join(" ", call.argv())));
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static String interfaces(Call call) {
    String all = call.name() + " " + String.join(" ", call.arguments());
    if (all.matches(
        "ip .*(link (set|delete) .*|route (del|flush|add).*|addr (del|flush|add).*)|ifconfig \\S+ (down|up|\\d).*"
            + "|route (del|add).*|ifdown .*|nmcli (networking|radio|device).* (off|disconnect).*")) {
      call.findings().block(Family.DEFENCES, Marks.shown(all) + " changes the network");
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static String kernel(Call call) {
    String name = call.name();
    boolean looks =
        name.equals("sysctl")
            ? !call.has("-w", "--write", "-p", "--load", "--system")
                && call.arguments().stream().noneMatch(a -> a.indexOf('=') > 0)
            : name.equals("bpftool")
                || call.has(
                    "-n", "--dry-run", "-l", "list", "--help", "-V", "--show-depends", "-D");
    if (!looks && !call.arguments().isEmpty()) {
      call.findings()
          .block(
              name.equals("sysctl") ? Family.DEFENCES : Family.CONTAINER_ESCAPE,
              Marks.shown(String.join(" ", call.argv())) + " changes the kernel");
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static String history(Call call) {
    if (call.letter('c') || call.letter('w') || call.letter('d')) {
      call.findings()
          .block(
              Family.DEFENCES,
              "history " + Marks.shown(String.join(" ", call.arguments())) + " wipes traces");
    }
    return String.valueOf(Marks.SECRET);
  }

  private static String logs(Call call) {
    if (call.has("--vacuum-size", "--vacuum-time", "--vacuum-files") || call.has("--rotate")) {
      boolean wipes =
          call.values("--vacuum-size", "--vacuum-time").stream()
              .anyMatch(v -> v.matches("[01][a-zA-Z]*"));
      if (wipes) {
        call.findings().block(Family.DEFENCES, "journalctl wipes the log");
      }
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static String capabilities(Call call) {
    if (call.name().equals("setcap") && !call.has("-v", "-h")) {
      call.findings().block(Family.PRIVILEGES, Marks.shown(String.join(" ", call.argv())));
    }
    for (int i = 1; i < call.argv().size() - 1; i++) {
      if (call.argv().get(i).equals("--")) {
        List<String> shell = new java.util.ArrayList<>(List.of("bash"));
        shell.addAll(call.argv().subList(i + 1, call.argv().size()));
        return Programs.run(call.with(shell));
      }
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static String miner(Call call) {
    if (!call.has("--version", "--help")) {
      call.findings().block(Family.BOMB, call.name() + " mines coins on this machine");
    }
    return "";
  }

  private static String dump(Call call) {
    if (!call.operands().isEmpty()) {
      call.findings()
          .block(Family.CREDENTIALS, call.name() + " writes another process's memory to a file");
    }
    return "";
  }

  private static String keys(Call call) {
    String all = call.name() + " " + String.join(" ", call.arguments());
    if (all.matches(
            "(?s)security (find-(generic|internet)-password|dump-keychain|export).*|secret-tool (lookup|search).*|keyctl (read|print|pipe).*|kwallet-query .*|pass (show|-c|[\\w/]+/).*|gpg2? .*--(export-secret|export-secret-keys|export-secret-subkeys).*|(mimikatz|hashdump|lsass|unshadow|john|hashcat).*|vault (kv get|read|token).*|op (item get|read|get).*|bw (get|list|export).*")
        && !all.matches("(john|hashcat|pass) (--help|--version|version)")) {
      call.findings().block(Family.CREDENTIALS, Marks.shown(all));
    }
    return Tools.ordinary(call);
  }
}
