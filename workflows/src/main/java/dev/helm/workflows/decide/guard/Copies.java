package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;

/** Copies, moves, links and archives: what is read, what is written over. */
final class Copies {
  private Copies() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Copies::copy, "cp install rsync ditto");
    Programs.register(handlers, Copies::move, "mv rename");
    Programs.register(handlers, Copies::link, "ln link");
    Programs.register(handlers, Copies::tee, "tee sponge");
    Programs.register(handlers, Copies::unzip, "unzip gunzip-archive 7zr unar");
    Programs.register(handlers, Copies::archive, "tar gtar bsdtar zip 7z 7za rar cpio");
  }

  private static String copy(Call call) {
    if (call.name().equals("rsync")) {
      return Remote.rsync(call);
    }
    List<String> operands =
        call.operands(
            "-m", "-o", "-g", "-S", "--mode", "--owner", "--group", "-t", "--target-directory");
    List<String> targets = call.values("-t", "--target-directory");
    if (operands.size() + targets.size() < 2) {
      return "";
    }
    String target = targets.isEmpty() ? operands.get(operands.size() - 1) : targets.get(0);
    List<String> sources = targets.isEmpty() ? operands.subList(0, operands.size() - 1) : operands;
    StringBuilder content = new StringBuilder();
    for (String source : sources) {
      content.append(
          source.matches("/dev/(stdin|fd/0)")
              ? call.input()
              : Files.read(call.walker(), source, call.name()));
      if (source.matches("/dev/(zero|u?random|full)") && !target.equals("/dev/null")) {
        call.findings().block(Family.BOMB, call.name() + " copies a device without end");
      }
      if (Paths.device(Paths.resolve(call.state().directory, source))) {
        call.findings()
            .block(Family.RAW_WRITE, call.name() + " reads the device " + Marks.shown(source));
      }
      inside(call, target, source);
    }
    written(call, target, content.toString());
    if (call.name().equals("install")) {
      call.values("-m", "--mode").stream()
          .filter(m -> m.matches("0*[4-7][0-7]{3}|.*s.*"))
          .forEach(
              m ->
                  call.findings()
                      .block(
                          Family.PRIVILEGES,
                          "install makes a program run with its owner's rights"));
    }
    return "";
  }

  /** Into a directory: the file there has the source's name and content. */
  private static void inside(Call call, String target, String source) {
    State state = call.state();
    String from = Paths.resolve(state.directory, source);
    String into = Paths.resolve(state.directory, target) + from.substring(from.lastIndexOf('/'));
    String known = state.files.get(from);
    if (known != null) {
      state.files.put(into, known);
    }
    if (target.endsWith("/")
        || target.equals(".")
        || Paths.resolve(state.directory, target)
            .matches(
                "/etc/(cron\\.[a-z]+|sudoers\\.d|init\\.d|profile\\.d|pam\\.d|systemd/system)|/(usr/)?s?bin|/boot|/lib")) {
      Files.check(call.walker(), into, known == null ? String.valueOf(Marks.FILE) : known, false);
    }
  }

  private static void written(Call call, String target, String content) {
    Files.write(call.walker(), target, content, false);
  }

  private static String move(Call call) {
    List<String> operands = call.operands("-t", "--target-directory", "-S");
    List<String> targets = call.values("-t", "--target-directory");
    if (operands.size() + targets.size() < 2) {
      return "";
    }
    String target = targets.isEmpty() ? operands.get(operands.size() - 1) : targets.get(0);
    List<String> sources = targets.isEmpty() ? operands.subList(0, operands.size() - 1) : operands;
    State state = call.state();
    for (String source : sources) {
      Paths.Place place = Paths.place(state.directory, source, true);
      if (place == Paths.Place.VITAL) {
        call.findings().block(Family.DELETE, "mv " + Marks.shown(source));
      } else if (place == Paths.Place.WORKSPACE) {
        boolean away =
            Paths.resolve(state.directory, target).equals("/dev/null")
                || !Paths.resolve(state.directory, target).startsWith("/workspace");
        if (away) {
          call.findings()
              .ask(
                  Family.DELETE,
                  "mv " + Marks.shown(source) + " empties the whole workspace; besides,");
        }
      } else if (place == Paths.Place.VITAL_IF_EMPTY) {
        call.findings()
            .ask(Family.DELETE, "mv " + Marks.shown(source) + ", where the variable may be empty,");
      }
      if (Secrets.credential(state.directory, source)) {
        Files.read(call.walker(), source, "mv");
      }
      String from = Paths.resolve(state.directory, source);
      String known = state.files.remove(from);
      if (known != null) {
        state.files.put(Paths.resolve(state.directory, target), known);
      }
      if (known != null || target.endsWith("/")) {
        state.files.put(
            Paths.resolve(state.directory, target) + from.substring(from.lastIndexOf('/')),
            known == null ? String.valueOf(Marks.FILE) : known);
      }
    }
    if (operands.size() > 1 && Paths.resolve(state.directory, target).equals("/dev/null")) {
      call.findings().block(Family.DELETE, "mv moves files onto /dev/null");
    }
    Files.check(call.walker(), target, String.valueOf(Marks.FILE), false);
    return "";
  }

  private static String link(Call call) {
    List<String> operands = call.operands("-t", "-S");
    if (operands.isEmpty()) {
      return "";
    }
    String source = operands.get(0);
    String directory = call.state().directory;
    if (Secrets.credential(directory, source)) {
      Files.read(call.walker(), source, "ln");
    }
    if (call.letter('s') && call.state().links.size() < 50) {
      String name = source.substring(source.lastIndexOf('/') + 1);
      String link = operands.size() > 1 ? operands.get(1) : name;
      call.state().links.put(Paths.resolve(directory, link), Paths.resolve(directory, source));
    }
    if (operands.size() > 1) {
      Files.check(
          call.walker(), operands.get(operands.size() - 1), String.valueOf(Marks.FILE), false);
    }
    if (Paths.resolve(directory, source).equals("/dev/null")
        && operands.size() > 1
        && operands.get(1).contains("history")) {
      call.findings().block(Family.DEFENCES, "The shell's history is switched off");
    }
    return "";
  }

  private static String tee(Call call) {
    for (String target : call.operands()) {
      Files.write(call.walker(), target, call.input(), call.has("-a", "--append"));
    }
    return call.input();
  }

  private static String unzip(Call call) {
    for (String archive : call.operands("-d", "-P")) {
      String content =
          call.state().files.getOrDefault(Paths.resolve(call.state().directory, archive), "");
      call.walker().unpacked(Marks.has(content, Marks.DOWNLOAD));
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static String archive(Call call) {
    Findings findings = call.findings();
    for (String code :
        call.values(
            "--to-command",
            "--use-compress-program",
            "-I",
            "-TT",
            "--unzip-command",
            "--info-script",
            "--new-volume-script",
            "--rsh-command")) {
      call.walker().shell(code, List.of(), "");
    }
    for (String action : call.values("--checkpoint-action")) {
      if (action.startsWith("exec=")) {
        call.walker().shell(action.substring(5), List.of(), "");
      }
    }
    String first = call.argv().size() > 1 ? call.argv().get(1) : "";
    boolean extracts =
        !call.name().matches("zip|7z.*|rar")
            && first.matches("-?[a-zA-Z]*x[a-zA-Z]*|--extract|--get");
    if (extracts) {
      String archive = file(call, first);
      String content =
          archive == null || archive.equals("-")
              ? call.input()
              : call.state().files.getOrDefault(Paths.resolve(call.state().directory, archive), "");
      call.walker().unpacked(Marks.has(content, Marks.DOWNLOAD));
      for (String into : call.values("-C", "--directory")) {
        if (Paths.resolve(call.state().directory, into).matches("/|/etc|/usr|/bin|/boot|/root")) {
          findings.ask(Family.PRIVILEGES, "An archive is unpacked over " + Marks.shown(into));
        }
      }
      return call.letter('O') ? String.valueOf(Marks.FILE) + Marks.of(call.input()) : "";
    }
    StringBuilder content = new StringBuilder();
    content.append(Marks.BULK);
    for (String source : call.operands("-C", "--directory", "-T", "--exclude")) {
      if (source != first || first.startsWith("/")) {
        content.append(Files.read(call.walker(), source, call.name()));
        for (String directory : call.values("-C", "--directory")) {
          content.append(Files.read(call.walker(), directory + "/" + source, call.name()));
        }
      }
      if (Paths.device(Paths.resolve(call.state().directory, source))) {
        findings.block(Family.RAW_WRITE, call.name() + " reads the device " + Marks.shown(source));
      }
    }
    if (call.has("--remove-files", "-sdel")
        || (call.name().equals("zip") && (call.letter('m') || call.has("--move")))) {
      call.operands("-f", "--file", "-C")
          .forEach(source -> Deletion.target(call, source, true, call.name()));
    }
    String file = file(call, first);
    if (file == null || file.equals("-")) {
      return Marks.of(content.toString());
    }
    Files.write(call.walker(), file, Marks.of(content.toString()), false);
    return "";
  }

  /** The archive's own path, or null when it goes on to the next in the pipe. */
  private static @org.jspecify.annotations.Nullable String file(Call call, String first) {
    if (call.name().matches("zip|7z.*|rar")) {
      List<String> operands = call.operands();
      int at = call.name().equals("zip") ? 0 : 1;
      return operands.size() > at ? operands.get(at) : null;
    }
    List<String> files = call.values("-f", "--file");
    if (!files.isEmpty()) {
      return files.get(0);
    }
    return first.matches("-?[a-zA-Z]*f") && call.argv().size() > 2 ? call.argv().get(2) : null;
  }
}
