package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Shell;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a shell knows while the guard follows a command: variables, functions, files, directory. */
final class State {
  private static final int VALUES_MAX = 8;
  private static final String UNTOLD = String.valueOf(Marks.UNKNOWN);
  private static final int UNTOLD_POSITIONAL = 9;

  /** Stands for the script's own path: {@code dirname "$0"/..} is still within the workspace. */
  private static final String SCRIPT = "/workspace/scripts/own/bash";

  private static final int NAMES_MAX = 2_000;

  /** Values of a variable: the elements of an array, or what a scalar may be. */
  record Variable(List<String> values, boolean array) {}

  final Map<String, Variable> variables;
  final Map<String, Shell> functions;
  final Map<String, String> aliases;

  /** What this command has written, by path. */
  final Map<String, String> files;

  /** Symbolic links that this command has made: path and target. */
  final Map<String, String> links;

  /** Descriptors that {@code exec} has opened, and where to. */
  final Map<Integer, String> descriptors;

  /** Which value of a variable with several is looked at now. */
  final Map<String, Integer> chosen = new HashMap<>();

  /** Positional parameters, {@code $0} first. */
  List<String> positional = List.of(SCRIPT);

  String directory = "/workspace";

  /** As of {@link Walker#strict}. */
  boolean strict;

  /** Within a branch that may not be taken, an assignment adds a value. */
  int branches;

  State() {
    variables = new HashMap<>();
    functions = new HashMap<>();
    aliases = new HashMap<>();
    files = new HashMap<>();
    links = new HashMap<>();
    descriptors = new HashMap<>();
    set("HOME", Paths.HOME);
    set("PWD", "/workspace");
    set("IFS", " \t\n");
    set("SHELL", "/bin/bash");
    set("BASH_SOURCE", SCRIPT);
    set("TMPDIR", "/tmp");
    set("USER", "agent");
    set("LOGNAME", "agent");
    set("BASH", "/bin/bash");
    set("UID", "1000");
    set("EUID", "1000");
    set("OSTYPE", "linux-gnu");
    set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  }

  private State(State of) {
    strict = of.strict;
    variables = new HashMap<>(of.variables);
    functions = new HashMap<>(of.functions);
    aliases = new HashMap<>(of.aliases);
    // Files outlive a subshell.
    files = of.files;
    links = of.links;
    descriptors = new HashMap<>(of.descriptors);
    positional = of.positional;
    directory = of.directory;
    branches = of.branches;
    chosen.putAll(of.chosen);
  }

  State copy() {
    return new State(this);
  }

  private void set(String name, String value) {
    variables.put(name, new Variable(List.of(value), false));
  }

  void assign(String name, String value) {
    if (variables.size() > NAMES_MAX) {
      if (strict) {
        throw new Limits.Exceeded("it has too many variables");
      }
      return;
    }
    if (strict) {
      set(name, Unsure.value(name, value));
      return;
    }
    Variable before = variables.get(name);
    if (branches > 0 && before != null && !before.array() && !before.values().contains(value)) {
      List<String> values = new ArrayList<>(before.values());
      values.addFirst(value);
      variables.put(
          name,
          new Variable(List.copyOf(values.subList(0, Math.min(values.size(), VALUES_MAX))), false));
    } else {
      set(name, value);
    }
    chosen.remove(name);
  }

  /** What is no longer as it was then can be anything; whether that is new. */
  boolean forget(State before) {
    boolean changed = false;
    Set<String> names = new HashSet<>(variables.keySet());
    names.addAll(before.variables.keySet());
    for (String name : names) {
      Variable now = variables.get(name);
      Variable then = before.variables.get(name);
      if (!Objects.equals(now, then)) {
        Variable untold = new Variable(List.of(UNTOLD), false);
        variables.put(name, untold);
        changed |= !untold.equals(then);
      }
    }
    if (!positional.equals(before.positional)) {
      forgetPositional();
      changed |= !positional.equals(before.positional);
    }
    return changed;
  }

  private void forgetPositional() {
    List<String> untold = new ArrayList<>(List.of(positional.get(0)));
    untold.addAll(Collections.nCopies(UNTOLD_POSITIONAL, UNTOLD));
    positional = untold;
  }

  /** Another text was run in this shell, or another shell begins: what is set can be anything. */
  void forgetAll() {
    variables.replaceAll(
        (name, variable) ->
            name.equals("IFS") ? variable : new Variable(List.of(UNTOLD), variable.array()));
    forgetPositional();
  }

  /** No guesses: only what the command itself sets is known. */
  void strict() {
    strict = true;
    variables.keySet().retainAll(Set.of("IFS"));
    positional = List.of(UNTOLD);
  }

  void assignArray(String name, List<String> values) {
    if (strict) {
      assign(name, UNTOLD);
      return;
    }
    if (variables.size() <= NAMES_MAX) {
      variables.put(name, new Variable(List.copyOf(values), true));
    }
  }

  /** The value of a scalar or an array's first element; null when it was never set. */
  @Nullable String value(String name) {
    Variable variable = variables.get(name);
    if (variable == null) {
      return null;
    }
    if (variable.values().isEmpty()) {
      return "";
    }
    int index = variable.array() ? 0 : chosen.getOrDefault(name, 0);
    return variable.values().get(Math.min(index, variable.values().size() - 1));
  }

  /** A path through a link that this command has made, as the path that it leads to. */
  String followed(String path) {
    if (links.isEmpty() || path.isEmpty() || path.startsWith("-")) {
      return path;
    }
    String whole = Paths.resolve(directory, path);
    for (Map.Entry<String, String> link : links.entrySet()) {
      if (whole.startsWith(link.getKey() + "/")) {
        return link.getValue() + whole.substring(link.getKey().length());
      }
    }
    return path;
  }

  /** Elements as written: {@code [key]=value} is kept under its key too. */
  List<String> elementsOf(String name, List<String> written) {
    List<String> values = new ArrayList<>();
    for (String element : written) {
      String plain = Marks.plain(element);
      int close = plain.startsWith("[") ? plain.indexOf("]=") : -1;
      if (close > 0) {
        String value = plain.substring(close + 2);
        set(name + "[" + plain.substring(1, close) + "]", value);
        values.add(value);
      } else {
        values.add(element);
      }
    }
    return values;
  }

  int elementsCount(String name) {
    Variable variable = variables.get(name);
    return variable == null ? 1 : Math.max(1, variable.values().size());
  }

  List<String> elements(String name) {
    Variable variable = variables.get(name);
    if (variable == null) {
      return List.of();
    }
    return variable.array() ? variable.values() : List.of(String.valueOf(value(name)));
  }

  /** Names of scalars that may have one of several values and occur in the text. */
  List<String> undecided(String text) {
    Set<String> names = new HashSet<>();
    if (text.indexOf('$') >= 0) {
      variables.forEach(
          (name, variable) -> {
            if (!variable.array() && variable.values().size() > 1 && text.contains(name)) {
              names.add(name);
            }
          });
    }
    return names.stream().sorted().toList();
  }
}
