package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Programs that run another one for each of many things: xargs, parallel, find. */
final class Spreading {
  private Spreading() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Spreading::xargs, "xargs parallel rush");
    Programs.register(handlers, Spreading::find, "find fd fdfind gfind bfs");
  }

  private static final Set<String> XARGS_VALUED =
      Set.of(
          "-n -P -L -s -a -d -E -I -j --max-procs --max-args --jobs --delimiter --arg-file -N -S --colsep --delay --timeout"
              .split(" ", -1));

  private static String xargs(Call call) {
    List<String> argv = call.argv();
    int i = 1;
    String placeholder = call.name().equals("xargs") ? "" : "{}";
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
    StringBuilder listed = new StringBuilder();
    for (String file : call.values("-a", "--arg-file")) {
      listed.append(Files.read(call.walker(), file, call.name()));
    }
    String text = listed.isEmpty() ? call.input() : listed.toString();
    String input = text.isEmpty() ? String.valueOf(Marks.UNKNOWN) : text;
    int literal = Math.max(command.indexOf(":::"), command.indexOf("::::"));
    List<String> items = new ArrayList<>();
    if (literal >= 0) {
      items.addAll(command.subList(literal + 1, command.size()));
      command = new ArrayList<>(command.subList(0, literal));
    } else {
      items.addAll(
          List.of(
              input
                  .strip()
                  .split(
                      call.has("-0", "--null", "-d") || !placeholder.isEmpty()
                          ? "[\\n\\x00]+"
                          : "[\\s\\x00]+")));
    }
    if (items.size() > 200) {
      items = items.subList(0, 200);
    }
    if (call.walker().strict()) {
      // In which portions they are handed on is up to the options.
      items = List.of(String.valueOf(Marks.UNKNOWN));
    }
    return each(call, command, items, placeholder);
  }

  private static String each(
      Call call, List<String> command, List<String> items, String placeholder) {
    boolean parallel = !call.name().equals("xargs");
    if (command.isEmpty()) {
      if (parallel) {
        return items.stream()
            .map(item -> call.walker().shell(Marks.plain(item), List.of(), ""))
            .reduce("", (a, b) -> a + b);
      }
      return String.join("\n", items) + "\n";
    }
    StringBuilder output = new StringBuilder();
    boolean replaces =
        !placeholder.isEmpty() && command.stream().anyMatch(word -> word.contains(placeholder));
    if (!replaces) {
      List<String> whole = new ArrayList<>(command);
      whole.addAll(items);
      return parallel && command.size() == 1
          ? call.walker().shell(Marks.plain(String.join(" ", whole)), List.of(), "")
          : Programs.run(call.with(whole, ""));
    }
    for (String item : items.subList(0, Math.min(items.size(), 20))) {
      List<String> words = command.stream().map(word -> word.replace(placeholder, item)).toList();
      output.append(
          parallel && words.size() == 1
              ? call.walker().shell(Marks.plain(words.get(0)), List.of(), "")
              : Programs.run(call.with(words, "")));
    }
    return output.toString();
  }

  private static final Set<String> NARROWING =
      Set.of(
          "-name -iname -path -ipath -regex -iregex -mtime -mmin -atime -ctime -newer -size -empty -user -wholename -perm -cmin -amin -group -newermt -inum -samefile -lname"
              .split(" ", -1));

  /** These leave some of what is there, but from anywhere. */
  private static final Set<String> NAMING =
      Set.of("-name -iname -path -ipath -regex -iregex -wholename -inum -samefile".split(" ", -1));

  /** Directories of which a file's age or size is no reason to touch any of it. */
  private static boolean whole(State state, String root) {
    return Paths.resolve(state.directory, root)
        .matches("/|/(home|etc|usr|bin|lib|boot|root|opt|srv|var|dev)|" + Paths.HOME);
  }

  private static String find(Call call) {
    List<String> roots = new ArrayList<>();
    List<String> argv = call.argv();
    int i = 1;
    while (i < argv.size() && (argv.get(i).matches("-[HLP]|-O\\d|-D"))) {
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
      boolean some =
          narrow && (tests.stream().anyMatch(NAMING::contains) || !whole(call.state(), root));
      found.add(found(root, name, some));
      if (narrow
          && Secrets.hunted(name)
          && Paths.place(call.state().directory, root, true) == Paths.Place.VITAL) {
        call.findings()
            .block(
                Family.CREDENTIALS,
                "find looks for " + Marks.shown(name) + " in " + Marks.shown(root));
      }
      for (int t = 0; t + 1 < tests.size(); t++) {
        if (tests.contains("-o") && tests.get(t).matches("-i?name")) {
          found.add(found(root, tests.get(t + 1), true));
        }
      }
    }
    boolean bare = call.name().startsWith("fd") || tests.contains("-files0-from");
    List<String> targets =
        call.walker().strict()
            ? roots.stream().map(root -> (bare ? "" : root) + Marks.UNKNOWN).toList()
            : found;
    for (int t = 0; t < tests.size(); t++) {
      switch (tests.get(t)) {
        case "-delete" ->
            targets.forEach(path -> Deletion.target(call, path, true, "find -delete"));
        case "-exec", "-execdir", "-ok", "-okdir", "-x", "-X" ->
            exec(call, tests.subList(t + 1, tests.size()), targets);
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
    if (narrow && name.matches("[*\\w]*\\.\\w+")) {
      return base + (base.equals("/") ? Marks.STAR + "/" : "") + name.replace('*', Marks.STAR);
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
    while (end < rest.size() && !rest.get(end).equals(";") && !(rest.get(end).equals("+"))) {
      end++;
    }
    List<String> command = rest.subList(0, end);
    if (command.isEmpty()) {
      return;
    }
    for (String path : found) {
      if (command.get(0).matches("(.*/)?(truncate|chmod|chown|chgrp|shred|mv|sed|tee|dd|setfacl)")
          && Marks.globbed(path)
          && Paths.place(call.state().directory, path, true) == Paths.Place.VITAL) {
        call.findings()
            .block(
                Family.DELETE, "find runs " + command.get(0) + " on all of " + Marks.shown(path));
      }
      List<String> words =
          new ArrayList<>(command.stream().map(word -> word.replace("{}", path)).toList());
      if (command.stream().noneMatch(word -> word.contains("{}")) && call.name().startsWith("fd")) {
        words.add(path);
      }
      if (words.get(0).equals("rm")
          && words.stream().noneMatch(word -> word.matches("-[a-zA-Z]*[rR].*"))) {
        words.add(1, "-r");
      }
      Programs.run(call.with(words, ""));
    }
  }
}
