package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;

/** Raw connections and remote shells. */
final class Remote {
  private static final String[] SSH_VALUED =
      ("-i -p -l -o -F -L -R -D -J -b -c -E -e -I -m -O -Q -S -W -w -B -P").split(" ", -1);

  private Remote() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(
        handlers, Remote::netcat, "nc ncat netcat nc.traditional nc.openbsd pwncat cryptcat");
    Programs.register(handlers, Remote::socat, "socat socat1");
    Programs.register(handlers, Remote::telnet, "telnet");
    Programs.register(handlers, Remote::builtin, "ztcp zmodload");
    Programs.register(handlers, Remote::openssl, "openssl");
    Programs.register(handlers, Remote::ssh, "ssh autossh mosh sshpass");
    Programs.register(handlers, Remote::scp, "scp sftp ftp lftp rclone ncftpput curlftpfs");
    Programs.register(handlers, Remote::mail, "mail mailx sendmail mutt msmtp swaks");
    Programs.register(
        handlers,
        Remote::tunnel,
        "ngrok chisel frpc cloudflared localtunnel bore gost proxytunnel gsocket gs-netcat");
  }

  private static String netcat(Call call) {
    List<String> operands =
        call.operands(
            "-e", "-c", "-p", "-w", "-s", "-q", "-i", "--exec", "--sh-exec", "-X", "-x", "-G");
    boolean zero = call.letter('z');
    for (String program : call.values("-e", "-c", "--exec", "--sh-exec", "--lua-exec")) {
      if (!program.isEmpty()) {
        call.findings()
            .block(
                Family.REVERSE_SHELL,
                call.name() + " runs " + Marks.shown(program) + " for a connection");
      }
    }
    for (String argument : call.arguments()) {
      if (argument.matches("-[a-zA-Z]*[ec]") && !argument.equals("-c") && !argument.equals("-e")) {
        call.findings()
            .block(Family.REVERSE_SHELL, call.name() + " runs a program for a connection");
      }
    }
    String host = operands.isEmpty() ? "" : operands.get(0);
    boolean serves = zero || call.letter('l') || call.has("--listen");
    if (!serves) {
      sends(call, host, call.input());
    } else if (!zero && Files.sensitive(call.input())) {
      call.findings()
          .block(Family.EXFILTRATION, call.name() + " offers secrets to whoever connects");
    }
    if (!zero && !Hosts.local(host) && Marks.has(call.input(), Marks.SOCKET)) {
      call.findings().block(Family.REVERSE_SHELL, "A connection is passed on to another machine");
    }
    return zero ? "" : String.valueOf(Marks.SOCKET);
  }

  private static void sends(Call call, String host, String text) {
    if (!Hosts.local(host) && (Files.sensitive(text) || Marks.has(text, Marks.FILE))) {
      call.findings()
          .block(Family.EXFILTRATION, call.name() + " sends file contents to " + Marks.shown(host));
    }
  }

  private static String socat(Call call) {
    boolean runs = false;
    boolean connects = false;
    for (String address : call.arguments()) {
      String kind = address.toLowerCase(java.util.Locale.ROOT);
      runs |= kind.matches("(exec|system|shell):.*");
      connects |=
          kind.matches("(tcp|udp|ssl|openssl|sctp|tcp4|tcp6|udp4|vsock|socks4?a?|proxy)[^:]*:.*");
      if (kind.contains("docker.sock")) {
        Containers.socket(call, "/var/run/docker.sock");
      }
      if (kind.matches("(open|file|gopen|create):.*")) {
        Files.read(
            call.walker(),
            address.substring(address.indexOf(':') + 1).replaceFirst(",.*", ""),
            "socat");
      }
    }
    if (runs && connects) {
      call.findings().block(Family.REVERSE_SHELL, "socat joins a program and a connection");
    }
    if (connects && Files.sensitive(call.input())) {
      call.findings().block(Family.EXFILTRATION, "socat sends secrets or whole directories");
    }
    return connects ? String.valueOf(Marks.SOCKET) : String.valueOf(Marks.OUTPUT);
  }

  private static String telnet(Call call) {
    List<String> operands = call.operands("-l", "-e");
    if (!operands.isEmpty()) {
      sends(call, operands.get(0), call.input());
      if (Marks.has(call.input(), Marks.SOCKET)) {
        call.findings().block(Family.REVERSE_SHELL, "A connection is passed on to another machine");
      }
    }
    return String.valueOf(Marks.SOCKET);
  }

  /** zsh's own connections. */
  private static String builtin(Call call) {
    if (call.name().equals("ztcp") && !call.operands().isEmpty()) {
      call.findings().block(Family.REVERSE_SHELL, "zsh opens a connection");
    }
    return "";
  }

  private static String openssl(Call call) {
    String kind = call.argv().size() > 1 ? call.argv().get(1) : "";
    for (String file : call.values("-in", "-inkey", "-key", "-kfile")) {
      Files.read(call.walker(), file, "openssl");
    }
    if (kind.equals("s_client")) {
      sends(call, String.join(" ", call.values("-connect")), call.input());
      if (Marks.has(call.input(), Marks.SOCKET)) {
        call.findings().block(Family.REVERSE_SHELL, "A connection is passed on to another machine");
      }
      return call.input().length() > 0 && Marks.known(call.input())
          ? String.valueOf(Marks.OUTPUT)
          : String.valueOf(Marks.SOCKET);
    }
    if (kind.matches("enc|base64|aes.*|des.*")) {
      boolean decodes = call.has("-d");
      boolean base64 = call.has("-base64", "-a") || kind.equals("base64");
      List<String> in = call.values("-in");
      String text = in.isEmpty() ? call.input() : Files.read(call.walker(), in.get(0), "openssl");
      String out =
          decodes && base64 && !kind.startsWith("aes")
              ? Decoders.base64(text)
              : decodes ? Marks.DECODED + Marks.of(text) : Marks.of(text) + Marks.OUTPUT;
      List<String> file = call.values("-out");
      if (!file.isEmpty()) {
        Files.write(call.walker(), file.get(0), out, false);
        return "";
      }
      return out;
    }
    return String.valueOf(Marks.OUTPUT) + Marks.of(call.input());
  }

  private static String ssh(Call call) {
    for (String option : call.values("-o")) {
      if (option.matches("(?i)(proxycommand|localcommand|knownhostscommand)[= ].*")) {
        call.walker().shell(option.replaceFirst("(?i)^\\w+[= ]\\s*", ""), List.of(), "");
      }
    }
    if (call.name().equals("sshpass")) {
      return call.from(Wrappers.inner("sshpass", call.argv()) + (call.has("-p", "-f") ? 1 : 0));
    }
    if (!call.values("-R").isEmpty()) {
      call.findings()
          .block(Family.REVERSE_SHELL, "ssh -R opens a way into this machine from another one");
    }
    List<String> words = new java.util.ArrayList<>();
    boolean host = false;
    for (int i = 1; i < call.argv().size(); i++) {
      String word = call.argv().get(i);
      if (!host && word.startsWith("-")) {
        i += List.of(SSH_VALUED).contains(word) ? 1 : 0;
      } else if (host) {
        words.add(word);
      } else {
        host = true;
      }
    }
    if (!words.isEmpty()) {
      call.walker().shell(Marks.plain(String.join(" ", words)), List.of(), call.input());
    } else if (!call.input().isEmpty() && Marks.known(call.input())) {
      call.walker().shell(call.input(), List.of(), "");
    }
    if (Files.sensitive(call.input()) && !Marks.of(call.input()).equals("" + Marks.BULK)) {
      call.findings().block(Family.EXFILTRATION, "ssh sends secrets");
    }
    return String.valueOf(Marks.DOWNLOAD);
  }

  private static String scp(Call call) {
    for (String argument : call.operands(SSH_VALUED)) {
      if (argument.indexOf(':') < 0 || argument.startsWith("/") || argument.startsWith(".")) {
        Files.read(call.walker(), argument, call.name());
      }
    }
    return remoteCopy(call, call.operands(SSH_VALUED));
  }

  /** The whole workspace, home or system sent away; or a file that came from elsewhere. */
  private static String remoteCopy(Call call, List<String> operands) {
    if (operands.size() < 2) {
      return String.valueOf(Marks.OUTPUT);
    }
    String target = operands.get(operands.size() - 1);
    boolean away =
        target.matches("[\\w.@-]+:(?!/?/dev).*|rsync://.*")
            && !Hosts.local(target.replaceFirst(":.*", ""));
    for (String source : operands.subList(0, operands.size() - 1)) {
      if (away) {
        Paths.Place place = Paths.place(call.state().directory, source, true);
        if (place == Paths.Place.VITAL || Secrets.bulk(call.state().directory, source)) {
          call.findings()
              .block(
                  Family.EXFILTRATION,
                  call.name() + " sends " + Marks.shown(source) + " to another machine");
        }
      } else if (source.matches("[\\w.@-]+:.+")) {
        String name =
            source.substring(Math.max(source.lastIndexOf('/'), source.lastIndexOf(':')) + 1);
        Files.write(
            call.walker(),
            target.endsWith("/") || target.equals(".") ? target + "/" + name : target,
            String.valueOf(Marks.DOWNLOAD),
            false);
      }
    }
    return "";
  }

  static String rsync(Call call) {
    for (String code : call.values("-e", "--rsh", "--rsync-path")) {
      if (!code.matches("ssh( .*)?")) {
        call.walker().shell(code, List.of(), "");
      }
    }
    List<String> operands =
        call.operands(
            "-e", "--rsh", "--exclude", "--include", "-f", "--filter", "--files-from", "--port");
    for (String operand : operands) {
      if (operand.indexOf(':') < 0) {
        if (Secrets.credential(call.state().directory, operand)) {
          Files.read(call.walker(), operand, "rsync");
        }
      }
    }
    if (!operands.isEmpty()
        && call.has("--delete", "--delete-after", "--delete-before", "--delete-excluded")) {
      String target = operands.get(operands.size() - 1);
      if (target.indexOf(':') < 0
          && Paths.place(call.state().directory, target, true) == Paths.Place.VITAL) {
        call.findings().block(Family.DELETE, "rsync --delete " + Marks.shown(target));
      }
    }
    return remoteCopy(call, operands);
  }

  private static String mail(Call call) {
    StringBuilder sent = new StringBuilder(call.input());
    for (String file : call.values("-a", "-A", "--attach", "--attachment")) {
      sent.append(Files.read(call.walker(), file.replaceFirst("^@", ""), call.name()));
    }
    if (Files.sensitive(sent.toString())) {
      call.findings().block(Family.EXFILTRATION, call.name() + " sends secrets");
    }
    return "";
  }

  private static String tunnel(Call call) {
    if (call.arguments().isEmpty() || call.has("--version", "version", "--help", "help")) {
      return "";
    }
    call.findings()
        .block(
            Family.REVERSE_SHELL, call.name() + " opens a way into this machine from another one");
    return "";
  }
}
