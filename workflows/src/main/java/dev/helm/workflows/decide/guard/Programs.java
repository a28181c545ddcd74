package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Which handler judges which program, and what an ordinary program means. */
final class Programs {
  /** Judges a call; what it prints. */
  interface Handler {
    String run(Call call);
  }

  private static final Map<String, Handler> HANDLERS = new HashMap<>();

  static {
    Shells.register(HANDLERS);
    Builtins.register(HANDLERS);
    Wrappers.register(HANDLERS);
    Spreading.register(HANDLERS);
    Deletion.register(HANDLERS);
    Disks.register(HANDLERS);
    Copies.register(HANDLERS);
    Network.register(HANDLERS);
    Remote.register(HANDLERS);
    Machine.register(HANDLERS);
    Processes.register(HANDLERS);
    Containers.register(HANDLERS);
    Interpreters.register(HANDLERS);
    Printers.register(HANDLERS);
    Decoders.register(HANDLERS);
    Tools.register(HANDLERS);
  }

  private Programs() {}

  static void register(Map<String, Handler> handlers, Handler handler, String names) {
    for (String name : names.split(" ", -1)) {
      handlers.put(name, handler);
    }
  }

  static boolean judged(String name) {
    return HANDLERS.containsKey(name);
  }

  /** Judges the call; what it prints. */
  static String run(Call call) {
    Walker walker = call.walker();
    walker.limits().step();
    String word = call.argv().get(0);
    State state = call.state();
    walker.called(call.argv());
    if (word.isEmpty()) {
      return "";
    }
    if (Marks.globbed(word)) {
      return globbed(call, word);
    }
    if (state.functions.containsKey(word)) {
      return walker.call(word, call.argv(), call.input());
    }
    String alias = state.aliases.get(word);
    if (alias != null && walker.strict()) {
      throw new Limits.Exceeded("some shells follow the alias");
    }
    if (alias != null && walker.limits().depth() < 8) {
      return aliased(call, alias);
    }
    if (!Marks.known(word)) {
      return unknown(call, word);
    }
    if (word.indexOf('/') >= 0) {
      String path = Paths.resolve(state.directory, word);
      if (state.files.containsKey(path) || path.endsWith(".sh")) {
        String output = walker.file(path, call.argv(), call.input());
        return walker.strict() ? String.valueOf(Marks.OUTPUT) : output;
      }
    }
    return named(call, call.name());
  }

  /** Judges what does the same as this program call but is none: no rule is held against it. */
  static String judge(Call call) {
    return named(call, call.name());
  }

  private static String named(Call call, String name) {
    Streams streams = call.streams();
    if (streams.socket()) {
      Shells.attached(call.walker(), streams, name);
    }
    Subscripts.follow(call, name);
    if (call.walker().strict()) {
      Unsure.builtin(call, name);
    }
    Handler handler = HANDLERS.get(name);
    if (handler == null) {
      handler = family(name);
    }
    Handler found = handler;
    String output =
        call.walker().strict() && Unsure.changes(name)
            ? call.walker().maybe(() -> found.run(call))
            : handler.run(call);
    return call.walker().strict() && !told(call, name) ? String.valueOf(Marks.OUTPUT) : output;
  }

  /** Whether what it prints is surely what the handler says. */
  private static boolean told(Call call, String name) {
    return switch (name) {
      case ":", "true", "false", "test", "[", "exit", "return", "break", "continue", "sleep" ->
          true;
      case "echo" ->
          call.arguments().stream().noneMatch(a -> Marks.globbed(a) || a.indexOf('\\') >= 0)
              && (call.arguments().isEmpty() || !call.arguments().get(0).matches("-[^n].*|-n.+"));
      case "printf" ->
          call.arguments().stream().noneMatch(Marks::globbed) && Printers.plainFormat(call);
      case "cat" -> call.arguments().isEmpty();
      default -> false;
    };
  }

  /** Versioned names: python3.12, mkfs.ext4, ld.so. */
  private static Handler family(String name) {
    if (name.startsWith("mkfs.") || name.startsWith("mkfs_")) {
      return HANDLERS.getOrDefault("mkfs", Tools::ordinary);
    }
    if (name.matches("ld-linux.*|ld-musl.*|ld\\.so.*|ld64.*")) {
      return HANDLERS.getOrDefault("ld.so", Tools::ordinary);
    }
    String stem = name.replaceFirst("(-?\\d+(\\.\\d+)*)(\\.exe)?$|\\.exe$", "");
    return HANDLERS.getOrDefault(stem, Tools::ordinary);
  }

  private static String aliased(Call call, String alias) {
    State state = call.state();
    String word = call.argv().get(0);
    state.aliases.remove(word);
    StringBuilder code = new StringBuilder(alias);
    for (String argument : call.arguments()) {
      code.append(" '").append(Marks.plain(argument).replace("'", "'\\''")).append('\'');
    }
    try {
      return call.walker().script(code.toString(), call.input());
    } finally {
      state.aliases.put(word, alias);
    }
  }

  /** {@code /???/r?}: every known program that the pattern may mean. */
  private static String globbed(Call call, String word) {
    if (!Marks.known(word)) {
      return unknown(call, word);
    }
    String output = "";
    for (String name : HANDLERS.keySet()) {
      boolean matches =
          word.indexOf('/') < 0
              ? Globs.path(word, name)
              : Globs.path(word, "/bin/" + name)
                  || Globs.path(word, "/usr/bin/" + name)
                  || Globs.path(word, "/sbin/" + name)
                  || Globs.path(word, "/usr/sbin/" + name);
      if (matches && !call.findings().blocked()) {
        List<String> argv = new ArrayList<>(call.argv());
        argv.set(0, name);
        output = named(call.with(argv), name);
      }
    }
    if (word.startsWith("/") && !call.findings().blocked()) {
      call.findings()
          .ask(
              Family.UNKNOWN_PROGRAM,
              "The name of the program is the pattern " + Marks.shown(word));
    }
    return output;
  }

  private static String unknown(Call call, String word) {
    Findings findings = call.findings();
    int slash = word.lastIndexOf('/');
    String name = word.substring(slash + 1);
    if (Marks.has(word, Marks.DOWNLOAD) || Marks.has(word, Marks.SOCKET)) {
      Opaque.word(findings, word);
      return "";
    }
    if (slash >= 0 && Marks.known(name) && !name.isEmpty()) {
      // $JAVA_HOME/bin/java is java.
      return named(call, name.toLowerCase(Locale.ROOT));
    }
    if (call.streams().socket()) {
      Shells.attached(call.walker(), call.streams(), "a program");
    }
    if (word.indexOf(Marks.VARIABLE) >= 0 && word.length() == 1 && call.argv().size() > 1) {
      // An empty variable: the next word is the program.
      call.from(1);
    }
    boolean own =
        word.startsWith("./")
            || (slash > 0 && !word.startsWith("/") && !Marks.unknown(word.charAt(0)))
            || word.startsWith("/workspace/");
    if (!own) {
      Opaque.word(findings, word);
    }
    return String.valueOf(Marks.OUTPUT) + Marks.of(call.input());
  }
}
