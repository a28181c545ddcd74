package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Parser;
import dev.helm.workflows.decide.guard.shell.Shell;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Follows a command: what it prints goes on to who reads it, what it writes is remembered, and each
 * program call is shown to {@link Programs}. Where a branch may or may not be taken, it is.
 */
final class Walker {
  private static final int ROUNDS_MAX = 40;
  private static final int OUTPUT_CHARS_MAX = 64 * 1024;

  private final Findings findings;
  private final boolean strict;
  private final Limits limits = new Limits();
  private final Expander expander = new Expander(this);
  private final List<String> running = new ArrayList<>();
  private State state = new State();
  private final List<List<String>> calls = new ArrayList<>();
  private int streams = 62;
  private boolean unpacked;

  Walker(Findings findings) {
    this(findings, false);
  }

  /**
   * {@code strict}: whether a word counts as known only where it surely is what bash makes of it.
   * The guard guesses, to see more; a rule that denies must not be passed by a wrong guess.
   */
  Walker(Findings findings, boolean strict) {
    this.findings = findings;
    this.strict = strict;
    if (strict) {
      state.strict();
    }
  }

  boolean strict() {
    return strict;
  }

  State state() {
    return state;
  }

  Findings findings() {
    return findings;
  }

  /** Every program call that was followed, innermost last. */
  List<List<String>> calls() {
    return calls;
  }

  void called(List<String> argv) {
    calls.add(argv);
    String name = argv.isEmpty() ? "" : argv.get(0).substring(argv.get(0).lastIndexOf('/') + 1);
    boolean shell = Shells.is(name) || name.matches("\\.|source");
    if (strict && (Wrappers.is(name) || shell)) {
      // An option that is not known to take a value hides where the other program's name stands;
      // a shell finds a script by name where programs are.
      for (int i = 1; i < argv.size(); i++) {
        if (!shell || argv.get(i).indexOf('/') < 0) {
          calls.add(argv.subList(i, argv.size()));
        }
      }
    }
  }

  Limits limits() {
    return limits;
  }

  Expander expander() {
    return expander;
  }

  /** Follows a command; what it prints. */
  String run(Shell shell, String input) {
    limits.step();
    if (findings.blocked()) {
      return "";
    }
    return switch (shell) {
      case Shell.Simple simple -> new SimpleCommand(this, simple).run(input);
      case Shell.Pipeline pipeline -> pipeline(pipeline, input);
      case Shell.AndOr andOr -> strict ? andOr(andOr, input) : sequence(andOr.parts(), input);
      case Shell.Sequence sequence -> sequence(sequence.parts(), input);
      case Shell.Background background -> {
        Bombs.again(background.body(), findings);
        yield strict ? apart(() -> run(background.body(), input)) : run(background.body(), input);
      }
      case Shell.Subshell subshell -> apart(() -> run(subshell.body(), input));
      case Shell.Redirected redirected -> redirected(redirected, input);
      case Shell.If branches -> branches(branches, input);
      case Shell.While loop -> whileLoop(loop, input);
      case Shell.For loop -> forLoop(loop, input);
      case Shell.ArithmeticFor loop -> arithmeticFor(loop, input);
      case Shell.Case choice -> choice(choice, input);
      case Shell.Function function -> function(function);
      case Shell.Test test -> expanded(test.words());
      case Shell.Arithmetic arithmetic -> {
        expander.text(arithmetic.expression().replace("'", ""));
        yield "";
      }
    };
  }

  private String expanded(List<Shell.Word> words) {
    for (Shell.Word word : words) {
      Subscripts.again(this, expander.text(word.raw()));
    }
    return "";
  }

  private String sequence(List<Shell> parts, String input) {
    StringBuilder output = new StringBuilder();
    String left = input;
    for (Shell part : parts) {
      append(output, run(part, left));
      left = left(input);
    }
    return output.toString();
  }

  /** What one command has left of its input for the next. */
  private String left(String input) {
    return strict && !input.isEmpty() ? String.valueOf(Marks.UNKNOWN) : input;
  }

  /** What stands behind the first may not run, so that its assignments may not hold. */
  private String andOr(Shell.AndOr andOr, String input) {
    StringBuilder output = new StringBuilder(run(andOr.parts().get(0), input));
    for (Shell part : andOr.parts().subList(1, andOr.parts().size())) {
      append(output, maybe(() -> run(part, left(input))));
    }
    return output.toString();
  }

  private static void append(StringBuilder output, String text) {
    if (output.length() + text.length() <= OUTPUT_CHARS_MAX) {
      output.append(text);
    } else if (output.length() < OUTPUT_CHARS_MAX + 100) {
      output.append(Marks.of(text)).append(Marks.UNKNOWN);
    }
  }

  private String pipeline(Shell.Pipeline pipeline, String input) {
    if (pipeline.parts().size() == 1) {
      return run(pipeline.parts().get(0), input);
    }
    return apart(
        () -> {
          String text = input;
          for (Shell part : pipeline.parts()) {
            String read = text;
            text = strict ? apart(() -> run(part, read)) : run(part, read);
          }
          return text;
        });
  }

  /** A part of a command. */
  interface Work {
    String run();
  }

  private String apart(Work work) {
    State before = state;
    state = before.copy();
    try {
      return work.run();
    } finally {
      state = before;
    }
  }

  /** Work that may not be done, or not to its end. */
  String maybe(Work work) {
    if (strict) {
      State before = state.copy();
      String output = work.run();
      state.forget(before);
      return output;
    }
    String directory = state.directory;
    state.branches++;
    try {
      return work.run();
    } finally {
      state.branches--;
      state.directory = directory;
    }
  }

  /** What is left of an output for the next in the pipe. */
  String printed(Streams streams, List<Shell.Redirect> redirects, String output) {
    String left = streams.printed(output);
    return strict && !Unsure.prints(redirects) ? String.valueOf(Marks.UNKNOWN) : left;
  }

  private String redirected(Shell.Redirected redirected, String input) {
    Streams streams = Streams.of(this, redirected.redirects(), input);
    String output = maybe(() -> run(redirected.body(), streams.input()));
    return printed(streams, redirected.redirects(), output);
  }

  private String branches(Shell.If branches, String input) {
    StringBuilder output = new StringBuilder();
    append(output, run(branches.conditions().get(0), input));
    for (Shell condition : branches.conditions().subList(1, branches.conditions().size())) {
      append(output, strict ? maybe(() -> run(condition, left(input))) : run(condition, input));
    }
    for (Shell branch : branches.branches()) {
      append(output, maybe(() -> run(branch, left(input))));
    }
    return output.toString();
  }

  private String whileLoop(Shell.While loop, String input) {
    String left = left(input);
    String output = run(loop.condition(), input) + maybe(() -> run(loop.body(), left));
    settle(() -> run(loop.condition(), left) + run(loop.body(), left));
    Bombs.loop(loop.condition(), loop.body(), findings);
    return output;
  }

  private String arithmeticFor(Shell.ArithmeticFor loop, String input) {
    if (loop.expression().matches("\\s*;\\s*;\\s*")) {
      Bombs.loop(new Shell.Sequence(List.of()), loop.body(), findings);
    }
    int equals = loop.expression().indexOf('=');
    if (equals > 0) {
      state.assign(loop.expression().substring(0, equals).strip(), "1");
    }
    String output = run(loop.body(), input);
    settle(() -> run(loop.body(), input));
    return output;
  }

  /** Until nothing changes any more: what one round sets, the next one reads. */
  private void settle(Work round) {
    boolean changed = strict;
    for (int rounds = 0; changed; rounds++) {
      if (rounds > ROUNDS_MAX) {
        throw new Limits.Exceeded("a loop does not settle");
      }
      State before = state.copy();
      round.run();
      changed = state.forget(before);
    }
  }

  private String forLoop(Shell.For loop, String input) {
    List<Shell.Word> words = loop.words();
    if (strict) {
      Unsure.assigns(loop.variable());
    }
    List<String> values =
        words == null
            ? state.positional.subList(1, state.positional.size())
            : expander.fields(words);
    if (words != null
        && words.stream()
            .anyMatch(word -> word.raw().matches(".*(seq .*\\b|\\.\\.)\\d{5,}\\b.*"))) {
      Bombs.loop(new Shell.Sequence(List.of()), loop.body(), findings);
    }
    StringBuilder output = new StringBuilder();
    int rounds = 0;
    for (String value : values) {
      int branches = state.branches;
      state.branches = 0;
      state.assign(loop.variable(), Marks.plain(value).equals(value) ? value : value);
      state.branches = branches;
      append(output, maybe(() -> run(loop.body(), left(input))));
      if (++rounds > ROUNDS_MAX || findings.blocked()) {
        if (strict) {
          throw new Limits.Exceeded("a loop has too many rounds");
        }
        break;
      }
    }
    if (strict && !values.isEmpty()) {
      // What one round sets, the next one reads, whichever comes last.
      settle(
          () -> {
            for (String value : values) {
              state.assign(loop.variable(), value);
              maybe(() -> run(loop.body(), left(input)));
            }
            return "";
          });
      state.assign(loop.variable(), String.valueOf(Marks.UNKNOWN));
    }
    return output.toString();
  }

  private String choice(Shell.Case choice, String input) {
    expander.text(choice.subject().raw());
    StringBuilder output = new StringBuilder();
    for (Shell.Case.Item item : choice.items()) {
      if (strict) {
        item.patterns().forEach(pattern -> expander.text(pattern.raw()));
      }
      append(output, maybe(() -> run(item.body(), input)));
    }
    return output.toString();
  }

  private String function(Shell.Function function) {
    state.functions.put(function.name(), function.body());
    Bombs.function(function, findings);
    return "";
  }

  /** Calls a function of the command's own. */
  String call(String name, List<String> argv, String input) {
    Shell body = state.functions.get(name);
    if (strict && running.contains(name)) {
      throw new Limits.Exceeded("a function calls itself");
    }
    if (body == null || running.contains(name)) {
      return "";
    }
    limits.enter();
    running.add(name);
    List<String> before = state.positional;
    List<String> inside = new ArrayList<>(argv);
    inside.set(0, before.get(0));
    state.positional = List.copyOf(inside);
    try {
      return run(body, input);
    } finally {
      state.positional = before;
      running.remove(name);
      limits.leave();
    }
  }

  /** {@code $(…)} and back quotes: what the script prints. */
  String substitute(String script) {
    String plain = script.strip();
    if (plain.startsWith("<") && !plain.startsWith("<<") && !plain.startsWith("<(")) {
      return apart(() -> script("cat " + plain, ""));
    }
    return apart(() -> script(script, ""));
  }

  /** {@code <(…)}: a file that holds what the script prints; {@code >(…)} reads what is unknown. */
  String processFile(String script, boolean input) {
    String path = "/dev/fd/" + ++streams;
    if (input) {
      state.files.put(path, apart(() -> script(script, "")));
    } else {
      apart(() -> script(script, String.valueOf(Marks.UNKNOWN)));
    }
    return path;
  }

  /** Code for a shell: parsed and followed in the present state; what it prints. */
  String script(String code, String input) {
    if (code.isEmpty()) {
      return "";
    }
    limits.enter();
    try {
      Parser.Script script = Parser.read(code);
      StringBuilder output = new StringBuilder();
      if (strict) {
        Unsure.nested(script, code);
      }
      String left = input;
      for (Shell line : script.commands()) {
        append(output, run(line, left));
        left = left(input);
      }
      if (script.mistake() != null && Marks.known(code)) {
        findings.unclear("Code for a shell cannot be read (" + script.mistake() + ")");
      }
      return output.toString();
    } finally {
      limits.leave();
    }
  }

  /** Code for a shell in a process of its own. */
  String shell(String code, List<String> positional, String input) {
    if (strict) {
      Unsure.shell("sh", code, false);
    }
    return inner(code, positional, input);
  }

  /** The same where the shell is known and was asked about. */
  String inner(String code, List<String> positional, String input) {
    return apart(
        () -> {
          if (strict) {
            // What is not exported is not there, and the environment can be changed on the way.
            state.forgetAll();
          }
          state.positional =
              positional.isEmpty() ? List.of(state.positional.get(0)) : List.copyOf(positional);
          return Opaque.judge(this, code) ? "" : script(code, input);
        });
  }

  /** Code of a trap, which runs later, or before any command from here on. */
  void trapped(String code) {
    if (!strict) {
      shell(code, List.of(), "");
      return;
    }
    apart(
        () -> {
          State before = state.copy();
          String output = Opaque.judge(this, code) ? "" : script(code, "");
          if (state.forget(before)) {
            throw new Limits.Exceeded("a trap sets what other commands read");
          }
          return output;
        });
  }

  /** A script file: what this command wrote there, else an ordinary file. */
  String file(String path, List<String> positional, String input) {
    String whole = Paths.resolve(state.directory, path);
    @Nullable String content = state.files.get(whole);
    if (content == null && unpacked && whole.endsWith(".sh")) {
      findings.block(
          Family.DOWNLOAD_TO_SHELL, Marks.shown(path) + " was just downloaded in an archive");
    }
    if (content == null) {
      return String.valueOf(Marks.OUTPUT);
    }
    if (running.contains(whole)) {
      findings.block(Family.BOMB, Marks.shown(path) + " starts itself");
      return "";
    }
    running.add(whole);
    try {
      return shell(content, positional, input);
    } finally {
      running.remove(whole);
    }
  }

  /** An archive was unpacked, {@code foreign} if it came from the network. */
  void unpacked(boolean foreign) {
    unpacked |= foreign;
  }

  /** What reaches the agent's eyes in the end. */
  void shown(@Nullable String output) {
    if (output != null && Marks.has(output, Marks.TOKEN)) {
      findings.block(Family.CREDENTIALS, "A secret environment variable is printed");
    }
  }
}
