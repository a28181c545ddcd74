package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Programs whose output follows from their input: what they print is known where the input is. */
final class Printers {
  private static final Pattern SECRET_WORD =
      Pattern.compile(
          "(?i).*(secret|pass|api_?key|token|credential|private_?key|aws|_key\\b|anthropic|openai).*");

  private Printers() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Printers::echo, "echo");
    Programs.register(handlers, Printers::printf, "printf");
    Programs.register(
        handlers,
        Printers::cat,
        "cat tac nl bat bzcat xzcat less more head tail strings pv batcat");
    Programs.register(handlers, Printers::environment, "printenv");
    Programs.register(handlers, Printers::grep, "grep egrep fgrep rg ag ack zgrep ugrep");
    Programs.register(handlers, Printers::sequence, "seq jot");
    Programs.register(handlers, call -> "/tmp/tmp.helm\n", "mktemp tempfile");
    Programs.register(handlers, Printers::list, "ls dir vdir exa eza lsd");
    Programs.register(
        handlers, Printers::count, "wc md5sum sha1sum sha256sum sha512sum cksum b2sum");
    Programs.register(
        handlers,
        Printers::same,
        "sort uniq shuf fold fmt expand unexpand column iconv dos2unix unix2dos envsubst paste ts");
    Programs.register(handlers, Printers::pipe, "mkfifo mknod");
    Programs.register(handlers, Printers::yes, "yes");
    Programs.register(handlers, Printers::entries, "getent");
    Programs.register(handlers, call -> last(call, true) + "\n", "basename");
    Programs.register(handlers, call -> last(call, false) + "\n", "dirname");
    Programs.register(handlers, Printers::realpath, "realpath readlink");
  }

  private static String echo(Call call) {
    List<String> words = new ArrayList<>(call.arguments());
    boolean escapes = false;
    boolean line = true;
    while (!words.isEmpty() && words.get(0).matches("-[neE]+")) {
      escapes |= words.get(0).indexOf('e') > 0;
      line &= words.get(0).indexOf('n') < 0;
      words.remove(0);
    }
    String text = Marks.plain(String.join(" ", words));
    return (escapes ? Escapes.ansi(text, false) : text) + (line ? "\n" : "");
  }

  private static String printf(Call call) {
    List<String> arguments = call.arguments();
    if (arguments.size() > 1 && arguments.get(0).equals("-v")) {
      String text =
          call.walker().strict()
              ? String.valueOf(Marks.UNKNOWN)
              : format(arguments.subList(2, arguments.size()));
      call.state().assign(arguments.get(1), text);
      return "";
    }
    return format(
        arguments.isEmpty() || !arguments.get(0).equals("--")
            ? arguments
            : arguments.subList(1, arguments.size()));
  }

  /** Whether the format has no conversion but {@code %s}. */
  static boolean plainFormat(Call call) {
    List<String> arguments = call.arguments();
    return arguments.isEmpty()
        || !arguments.get(0).startsWith("-")
            && !arguments.get(0).replaceAll("\\\\[nt]", "").contains("\\")
            && !arguments.get(0).replaceAll("%[s%]", "").contains("%");
  }

  private static String format(List<String> arguments) {
    if (arguments.isEmpty()) {
      return "";
    }
    String format = Escapes.ansi(Marks.plain(arguments.get(0)), true);
    List<String> values = arguments.subList(1, arguments.size());
    StringBuilder out = new StringBuilder();
    int used = 0;
    do {
      int before = used;
      for (int i = 0; i < format.length(); i++) {
        char c = format.charAt(i);
        if (c != '%' || i + 1 >= format.length()) {
          out.append(c);
          continue;
        }
        int end = i + 1;
        while (end < format.length() && "-+ #0123456789.*'".indexOf(format.charAt(end)) >= 0) {
          end++;
        }
        char kind = end < format.length() ? format.charAt(end) : '%';
        if (kind == '%') {
          out.append('%');
        } else {
          out.append(
              converted(
                  kind,
                  used < values.size() ? Marks.plain(values.get(used)) : "",
                  format.substring(i, end)));
          used++;
        }
        i = end;
      }
      if (used == before) {
        break;
      }
    } while (used < values.size() && out.length() < 50_000);
    return out.toString();
  }

  private static String converted(char kind, String value, String flags) {
    if (kind == 'b') {
      return Escapes.ansi(value, false);
    }
    if ("xXo".indexOf(kind) >= 0 && value.matches("\\d{1,15}")) {
      long number = Long.parseLong(value);
      String digits = kind == 'o' ? Long.toOctalString(number) : Long.toHexString(number);
      int width = flags.matches("%0\\d") ? flags.charAt(2) - '0' : 0;
      return "0".repeat(Math.max(0, width - digits.length())) + digits;
    }
    return value;
  }

  static String files(Call call, List<String> operands) {
    if (operands.isEmpty()) {
      return call.input();
    }
    StringBuilder text = new StringBuilder();
    for (String operand : operands) {
      if (operand.equals("-") || operand.equals("/dev/stdin")) {
        text.append(call.input());
      } else {
        text.append(Files.read(call.walker(), operand, call.name()));
        if (Secrets.dotEnv(call.state().directory, operand)) {
          call.findings().ask(Family.CREDENTIALS, call.name() + " shows " + Marks.shown(operand));
          text.append(Marks.SECRET);
        }
      }
    }
    return text.toString();
  }

  private static String cat(Call call) {
    List<String> operands =
        call.operands(
            "-n", "-c", "--lines", "--bytes", "-s", "-w", "-l", "--language", "--line-range", "-r");
    if (!call.name().equals("cat")) {
      operands = operands.stream().filter(o -> !o.matches("[+-]?\\d+[kKmMbB]?")).toList();
    }
    String text = files(call, operands);
    if (call.name().equals("tac")) {
      List<String> lines = new ArrayList<>(List.of(text.split("\n")));
      return String.join("\n", lines.reversed()) + "\n";
    }
    if (call.name().matches("head|tail") && Marks.known(text)) {
      return some(text);
    }
    for (String size : call.values("-c", "--bytes")) {
      if (call.name().equals("head")
          && call.streams().output() != null
          && Disks.bytes(size) > 1e12) {
        call.findings().block(Family.BOMB, "A file of " + size + " is made");
      }
    }
    boolean endless =
        operands.stream().anyMatch(o -> o.matches("/dev/(zero|u?random|full)"))
            && call.name().matches("cat|tail");
    if (endless
        && call.streams().output() != null
        && !"/dev/null".equals(call.streams().output())) {
      call.findings().block(Family.BOMB, "A device without end is copied to a file");
    }
    return text;
  }

  private static String environment(Call call) {
    List<String> names = call.operands();
    if (names.isEmpty()) {
      return String.valueOf(Marks.ENVIRONMENT);
    }
    return names.stream().anyMatch(name -> SECRET_WORD.matcher(name).matches())
        ? String.valueOf(Marks.TOKEN)
        : String.valueOf(Marks.OUTPUT);
  }

  private static String grep(Call call) {
    List<String> operands =
        new ArrayList<>(
            call.operands(
                "-e",
                "-f",
                "-A",
                "-B",
                "-C",
                "-m",
                "--include",
                "--exclude",
                "--exclude-dir",
                "-g",
                "-t",
                "--type",
                "-T",
                "--glob",
                "--color",
                "-d",
                "-j"));
    List<String> patterns = call.values("-e", "--regexp");
    String pattern =
        !patterns.isEmpty()
            ? String.join("|", patterns)
            : operands.isEmpty() ? "" : operands.remove(0);
    boolean quiet = call.letter('q') || call.letter('c') || call.letter('v');
    if (Marks.has(call.input(), Marks.ENVIRONMENT)
        && operands.isEmpty()
        && SECRET_WORD.matcher(pattern).matches()
        && !quiet) {
      call.findings().block(Family.CREDENTIALS, "Secrets are picked out of the environment");
    }
    boolean hunts =
        pattern.matches(
            "(?is).*(BEGIN.*(RSA|OPENSSH|PRIVATE)|aws_secret|AKIA|ghp_|sk-ant|xox[bp]|password|passwd|secret|api_?key|token).*");
    StringBuilder text = new StringBuilder();
    for (String operand : operands) {
      text.append(Files.read(call.walker(), operand, call.name()));
      Paths.Place place = Paths.place(call.state().directory, operand, true);
      boolean recursive =
          call.letter('r')
              || call.letter('R')
              || call.has("--recursive")
              || call.name().matches("rg|ag|ack");
      if (hunts && recursive && place == Paths.Place.VITAL) {
        call.findings()
            .block(
                Family.CREDENTIALS, call.name() + " looks for secrets in " + Marks.shown(operand));
      }
    }
    if (operands.isEmpty()) {
      text.append(call.input());
    }
    return Marks.known(text.toString())
        ? some(text.toString())
        : Processes.picked(
            pattern, call.letter('v') && !pattern.isEmpty(), Marks.of(text.toString()));
  }

  private static String sequence(Call call) {
    return "1\n2\n";
  }

  /** Names in a directory stand as a star; what a filter leaves of them cannot be told. */
  private static String list(Call call) {
    List<String> operands = call.operands("-I", "--ignore", "-w", "-T");
    if (operands.isEmpty()) {
      return Marks.STAR + "\n";
    }
    StringBuilder out = new StringBuilder();
    for (String operand : operands) {
      boolean itself =
          Marks.globbed(operand) || call.letter('d') || operand.matches(".*\\.\\w{1,5}");
      if (Paths.resolve(call.state().directory, operand).equals("/proc")) {
        out.append(Marks.PROCESSES).append('\n');
        continue;
      }
      out.append(itself ? operand : String.valueOf(Marks.STAR)).append('\n');
    }
    return out.toString();
  }

  /** Counts and sums: nothing of what was read is left in them. */
  private static String count(Call call) {
    files(call, call.operands("-c", "--check"));
    return String.valueOf(Marks.OUTPUT);
  }

  /** The same words in another order or shape. */
  private static String same(Call call) {
    return files(call, call.operands("-k", "-t", "-o", "-S", "-T"));
  }

  /** A filter leaves some of what a star stands for. */
  private static String some(String text) {
    return Marks.globbed(text)
        ? text.replaceAll("[\uE001-\uE003]", String.valueOf(Marks.UNKNOWN))
        : text;
  }

  /** What comes through a named pipe is somebody else's: a shell that reads it obeys them. */
  private static String pipe(Call call) {
    for (String path : call.operands("-m", "--mode")) {
      if (call.name().equals("mknod") && call.argv().stream().anyMatch(a -> a.matches("[bcu]"))) {
        call.findings().block(Family.CONTAINER_ESCAPE, "mknod makes a device");
      }
      Files.write(call.walker(), path, String.valueOf(Marks.SOCKET), false);
    }
    return "";
  }

  /** The name service reads the same files. */
  private static String entries(Call call) {
    List<String> operands = call.operands("-s");
    return operands.isEmpty() ? "" : Files.read(call.walker(), "/etc/" + operands.get(0), "getent");
  }

  private static String yes(Call call) {
    String output = call.streams().output();
    if (output != null && !output.equals("/dev/null")) {
      call.findings().block(Family.BOMB, "yes fills a file without end");
    }
    List<String> words = call.arguments();
    return words.isEmpty() ? "y\n" : Marks.plain(String.join(" ", words)) + "\n";
  }

  private static String last(Call call, boolean name) {
    List<String> operands = call.operands("-s");
    String path = operands.isEmpty() ? "" : operands.get(0).replaceFirst("(?<=.)/+$", "");
    if (!Marks.known(path) && path.indexOf('/') < 0) {
      return Marks.of(path);
    }
    int slash = path.lastIndexOf('/');
    if (name) {
      String base = path.substring(slash + 1);
      return operands.size() > 1 && base.endsWith(operands.get(1))
          ? base.substring(0, base.length() - operands.get(1).length())
          : base;
    }
    return slash < 0 ? "." : slash == 0 ? "/" : path.substring(0, slash);
  }

  private static String realpath(Call call) {
    List<String> operands = call.operands("--relative-to", "--relative-base");
    return operands.isEmpty() ? "" : Paths.resolve(call.state().directory, operands.get(0)) + "\n";
  }
}
