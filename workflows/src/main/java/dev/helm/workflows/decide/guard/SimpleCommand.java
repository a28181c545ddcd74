package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Shell;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One simple command: assignments, words, redirections, then the program. */
final class SimpleCommand {
  private static final int COMBINATIONS_MAX = 32;

  private final Walker walker;
  private final Shell.Simple command;

  SimpleCommand(Walker walker, Shell.Simple command) {
    this.walker = walker;
    this.command = command;
  }

  /** Once for each value that a variable may have. */
  String run(String input) {
    State state = walker.state();
    List<String> names = state.undecided(command.raw());
    if (names.isEmpty()) {
      return once(input);
    }
    int combinations = 1;
    for (String name : names) {
      combinations *= state.elementsCount(name);
      if (combinations > COMBINATIONS_MAX) {
        if (walker.strict()) {
          throw new Limits.Exceeded("its variables may have too many values");
        }
        combinations = COMBINATIONS_MAX;
        break;
      }
    }
    String output = "";
    for (int i = combinations - 1; i >= 0; i--) {
      int rest = i;
      for (String name : names) {
        int count = state.elementsCount(name);
        state.chosen.put(name, rest % count);
        rest /= count;
      }
      output = once(input);
    }
    names.forEach(state.chosen::remove);
    return output;
  }

  private String once(String input) {
    State state = walker.state();
    if (walker.strict()) {
      List<String> name =
          command.words().isEmpty() ? List.of() : List.of(command.words().get(0).raw());
      Unsure.assigns(command, name);
    }
    if (command.words().isEmpty()) {
      command.assignments().forEach(this::assign);
      Streams streams = Streams.of(walker, command.redirects(), input);
      return streams.printed("");
    }
    List<String> argv = walker.expander().fields(command.words());
    // Stops "ln -s / x; cat x/etc/shadow".
    if (!walker.strict()) {
      argv.replaceAll(state::followed);
    }
    Map<String, State.Variable> before = new HashMap<>(state.variables);
    command.assignments().forEach(this::assign);
    Environment.check(walker, command.assignments());
    Streams streams = Streams.of(walker, command.redirects(), input);
    String output;
    if (argv.isEmpty()) {
      output = "";
    } else if (argv.get(0).equals("exec") && argv.size() == 1) {
      Shells.attached(walker, streams, "the shell itself");
      output = "";
    } else {
      output = Programs.run(new Call(walker, new ArrayList<>(argv), streams.input(), streams));
    }
    if (!command.assignments().isEmpty()) {
      command.assignments().forEach(a -> restore(a.name(), before));
    }
    return walker.printed(streams, command.redirects(), output);
  }

  private void restore(String name, Map<String, State.Variable> before) {
    if (walker.strict() && !name.equals("IFS")) {
      // Before a special builtin some shells keep it.
      walker.state().assign(name, String.valueOf(Marks.UNKNOWN));
      return;
    }
    State.Variable old = before.get(name);
    if (old == null) {
      walker.state().variables.remove(name);
    } else {
      walker.state().variables.put(name, old);
    }
  }

  private void assign(Shell.Assignment assignment) {
    State state = walker.state();
    if (assignment.name().indexOf('$') >= 0 || assignment.name().indexOf('`') >= 0) {
      walker.expander().text(assignment.name());
    }
    if (assignment.array()) {
      List<String> values = new ArrayList<>();
      if (assignment.append()) {
        values.addAll(state.elements(assignment.name()));
      }
      values.addAll(
          state.elementsOf(assignment.name(), walker.expander().fields(assignment.value())));
      state.assignArray(assignment.name(), values);
      return;
    }
    String value = walker.expander().text(assignment.value().get(0).raw());
    if (walker.strict() && assignment.append()) {
      value = String.valueOf(Marks.UNKNOWN);
    }
    String old = assignment.append() ? state.value(assignment.name()) : null;
    state.assign(assignment.name().replaceAll("[\"']", ""), old == null ? value : old + value);
  }
}
