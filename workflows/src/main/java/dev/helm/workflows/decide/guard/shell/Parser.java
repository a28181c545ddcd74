package dev.helm.workflows.decide.guard.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads commands as {@code bash -c} would, by recursive descent over the source text. Aliases and
 * extended globs outside words are off, as they are there.
 */
public final class Parser {
  /** Longest text that is read, in characters. */
  public static final int CHARS_MAX = 128 * 1024;

  /** Most characters and commands that are looked at, nested texts several times. */
  private static final int STEPS_MAX = 2_000_000;

  private static final Set<String> RESERVED =
      Set.of(
          ("if then elif else fi for while until do done case esac select function time coproc ! [[ { } in")
              .split(" ", -1));

  private static final Set<String> OPENING =
      Set.of(("if for while until case select function coproc [[ {").split(" ", -1));

  private final String source;
  private final int depth;
  private final Budget budget;
  private final Words words;
  private final SimpleReader simple;
  int position;

  /** What nested parsers of one text spend together. */
  static final class Budget {
    private int steps;

    void step(int at) throws ShellSyntaxException {
      if (++steps > STEPS_MAX) {
        throw new ShellSyntaxException("the command has too many parts", at);
      }
    }

    void deeper(int depth, int at) throws ShellSyntaxException {
      step(at);
      if (depth > Words.DEPTH_MAX) {
        throw new ShellSyntaxException("the command is nested too deeply", at);
      }
    }
  }

  Parser(String source, int position, int depth, Budget budget) {
    this.source = source;
    this.position = position;
    this.depth = depth;
    this.budget = budget;
    this.words = new Words(source, depth, budget);
    this.simple = new SimpleReader(this, source, words);
  }

  /**
   * What could be read.
   *
   * @param commands whole lines before the mistake: bash runs these before it sees the mistake
   * @param mistake null where all of it was read
   */
  public record Script(List<Shell> commands, @Nullable String mistake) {}

  /** Reads a whole text. Never throws; a mistake or a passed limit is in the result. */
  public static Script read(String source) {
    if (source.length() > CHARS_MAX) {
      return new Script(List.of(), "the command is longer than " + CHARS_MAX + " characters");
    }
    Parser parser = new Parser(source, 0, 0, new Budget());
    List<Shell> commands = new ArrayList<>();
    try {
      while (true) {
        parser.blankLines();
        if (parser.position >= source.length()) {
          return new Script(commands, null);
        }
        commands.add(parser.line());
      }
    } catch (ShellSyntaxException e) {
      return new Script(commands, e.getMessage());
    }
  }

  /** The end of the word that begins at {@code from}, for who expands words. */
  public static int pieceEnd(String source, int from) throws ShellSyntaxException {
    return new Words(source, 0, new Budget()).piece(from);
  }

  /** Behind the {@code )} of a substitution whose text begins at {@code from}. */
  public static int substitutionEnd(String source, int from) throws ShellSyntaxException {
    return new Words(source, 0, new Budget()).substitution(from);
  }

  int untilClosed() throws ShellSyntaxException {
    list(Set.of());
    if (words.at(position) != ')') {
      throw new ShellSyntaxException("a parenthesis is not closed", position);
    }
    return position + 1;
  }

  /** One line of the program, up to its new line. */
  private Shell line() throws ShellSyntaxException {
    List<Shell> parts = new ArrayList<>();
    do {
      parts.add(terminated(andOr()));
      blanks();
    } while (position < source.length() && words.at(position) != '\n');
    if (position < source.length()) {
      newLine();
    }
    return one(parts);
  }

  /** Commands until a closing word, {@code )} or {@code ;;}. */
  private Shell list(Set<String> closing) throws ShellSyntaxException {
    List<Shell> parts = new ArrayList<>();
    blankLines();
    while (position < source.length() && words.at(position) != ')' && !closes(closing)) {
      parts.add(terminated(andOr()));
      blankLines();
    }
    return one(parts);
  }

  private boolean closes(Set<String> closing) {
    return source.startsWith(";;", position)
        || source.startsWith(";&", position)
        || closing.contains(reserved());
  }

  private static Shell one(List<Shell> parts) {
    return parts.size() == 1 ? parts.get(0) : new Shell.Sequence(List.copyOf(parts));
  }

  private Shell terminated(Shell command) {
    blanks();
    char c = words.at(position);
    if (c == '&' && words.at(position + 1) != '&') {
      position++;
      return new Shell.Background(command);
    }
    if (c == ';' && words.at(position + 1) != ';' && words.at(position + 1) != '&') {
      position++;
    }
    return command;
  }

  private Shell andOr() throws ShellSyntaxException {
    List<Shell> parts = new ArrayList<>();
    parts.add(pipeline());
    blanks();
    while (source.startsWith("&&", position) || source.startsWith("||", position)) {
      position += 2;
      blankLines();
      parts.add(pipeline());
      blanks();
    }
    return parts.size() == 1 ? parts.get(0) : new Shell.AndOr(List.copyOf(parts));
  }

  private Shell pipeline() throws ShellSyntaxException {
    boolean negated = false;
    boolean timed = false;
    while (true) {
      blanks();
      String word = reserved();
      if (word.equals("!")) {
        negated = true;
      } else if (word.equals("time")) {
        timed = true;
      } else if (timed && (word("-p") || word("--"))) {
        // Options of time.
        position += 2;
        continue;
      } else {
        break;
      }
      position += word.length();
    }
    List<Shell> parts = new ArrayList<>();
    if ((timed || negated) && ended()) {
      return new Shell.Sequence(List.of());
    }
    parts.add(command());
    blanks();
    while (words.at(position) == '|' && words.at(position + 1) != '|') {
      position += words.at(position + 1) == '&' ? 2 : 1;
      blankLines();
      parts.add(command());
      blanks();
    }
    return parts.size() == 1 && !negated
        ? parts.get(0)
        : new Shell.Pipeline(List.copyOf(parts), negated);
  }

  private boolean ended() {
    char c = words.at(position);
    return position >= source.length() || c == '\n' || c == ';' || c == '&' || c == '|' || c == ')';
  }

  private Shell command() throws ShellSyntaxException {
    budget.deeper(depth, position);
    blanks();
    String word = reserved();
    if (words.at(position) == '(') {
      return redirected(parenthesised());
    }
    if (OPENING.contains(word)) {
      Parser inner = new Parser(source, position, depth + 1, budget);
      inner.simple.heredocs = simple.heredocs;
      Shell body = inner.compound(word);
      position = inner.position;
      return body instanceof Shell.Background || body instanceof Shell.Function
          ? body
          : redirected(body);
    }
    if (RESERVED.contains(word) && !word.equals("in")) {
      throw new ShellSyntaxException("\"" + word + "\" is not expected", position);
    }
    return simple.command();
  }

  private Shell redirected(Shell body) throws ShellSyntaxException {
    List<Shell.Redirect> redirects = new ArrayList<>();
    while (true) {
      blanks();
      Shell.Redirect redirect = simple.redirect();
      if (redirect == null) {
        return redirects.isEmpty() ? body : new Shell.Redirected(body, List.copyOf(redirects));
      }
      redirects.add(redirect);
    }
  }

  private Shell parenthesised() throws ShellSyntaxException {
    if (words.at(position + 1) == '(') {
      int end = words.arithmetic(position + 2);
      if (end > 0) {
        String inside = source.substring(position + 2, end - 2);
        position = end;
        return new Shell.Arithmetic(inside);
      }
    }
    return new Shell.Subshell(inParentheses());
  }

  private Shell inParentheses() throws ShellSyntaxException {
    Parser inner = new Parser(source, position + 1, depth + 1, budget);
    inner.simple.heredocs = simple.heredocs;
    Shell body = inner.list(Set.of());
    position = inner.position;
    expect(')');
    return body;
  }

  private Shell compound(String word) throws ShellSyntaxException {
    position += word.length();
    return switch (word) {
      case "if" -> conditional();
      case "while", "until" -> {
        Shell condition = list(Set.of("do"));
        yield new Shell.While(condition, body());
      }
      case "for", "select" -> loop();
      case "case" -> choice();
      case "function" -> function();
      case "coproc" -> coprocess();
      case "[[" -> new Shell.Test(simple.testWords());
      default -> {
        Shell body = list(Set.of("}"));
        expect("}");
        yield new Shell.Sequence(List.of(body));
      }
    };
  }

  private Shell conditional() throws ShellSyntaxException {
    List<Shell> conditions = new ArrayList<>();
    List<Shell> branches = new ArrayList<>();
    String next = "elif";
    while (next.equals("elif")) {
      conditions.add(list(Set.of("then")));
      expect("then");
      branches.add(list(Set.of("elif", "else", "fi")));
      next = reserved();
      position += next.length();
    }
    if (next.equals("else")) {
      branches.add(list(Set.of("fi")));
      expect("fi");
    } else if (!next.equals("fi")) {
      throw new ShellSyntaxException("\"fi\" is missing", position);
    }
    return new Shell.If(conditions, branches);
  }

  private Shell loop() throws ShellSyntaxException {
    blanks();
    if (source.startsWith("((", position)) {
      int end = words.arithmetic(position + 2);
      if (end < 0) {
        throw new ShellSyntaxException("\"))\" is missing", position);
      }
      String expression = source.substring(position + 2, end - 2);
      position = end;
      return new Shell.ArithmeticFor(expression, loopBody());
    }
    String name = simple.word().raw();
    blankLines();
    List<Shell.Word> values = null;
    if (reserved().equals("in")) {
      position += 2;
      values = new ArrayList<>();
      blanks();
      while (!ended()) {
        values.add(simple.word());
        blanks();
      }
    }
    return new Shell.For(name, values, loopBody());
  }

  private Shell loopBody() throws ShellSyntaxException {
    blanks();
    if (words.at(position) == ';') {
      position++;
    }
    blankLines();
    if (reserved().equals("{")) {
      position++;
      Shell body = list(Set.of("}"));
      expect("}");
      return body;
    }
    return body();
  }

  private Shell body() throws ShellSyntaxException {
    expect("do");
    Shell body = list(Set.of("done"));
    expect("done");
    return body;
  }

  private Shell choice() throws ShellSyntaxException {
    blanks();
    Shell.Word subject = simple.word();
    blankLines();
    expect("in");
    blankLines();
    List<Shell.Case.Item> items = new ArrayList<>();
    while (!reserved().equals("esac")) {
      if (words.at(position) == '(') {
        position++;
      }
      List<Shell.Word> patterns = new ArrayList<>();
      do {
        blanks();
        if (words.at(position) == '|') {
          position++;
          blanks();
        }
        patterns.add(simple.word());
        blanks();
      } while (words.at(position) == '|');
      expect(')');
      items.add(new Shell.Case.Item(patterns, list(Set.of("esac"))));
      while (words.at(position) == ';' || words.at(position) == '&') {
        position++;
      }
      blankLines();
    }
    expect("esac");
    return new Shell.Case(subject, items);
  }

  private Shell function() throws ShellSyntaxException {
    blanks();
    String name = simple.word().raw();
    blanks();
    if (words.at(position) == '(' && words.at(position + 1) == ')') {
      position += 2;
    }
    return definition(name);
  }

  /** The body of a function, its name and parentheses have been read. */
  Shell definition(String name) throws ShellSyntaxException {
    blankLines();
    return new Shell.Function(name, command());
  }

  private Shell coprocess() throws ShellSyntaxException {
    blanks();
    int before = position;
    String name = words.end(position) > position ? simple.word().raw() : "";
    blanks();
    boolean named =
        name.matches("\\w+") && (OPENING.contains(reserved()) || words.at(position) == '(');
    if (!named || OPENING.contains(name)) {
      position = before;
    }
    return new Shell.Background(command());
  }

  // ------------------------------------------------------------------ positions

  void blanks() {
    while (true) {
      char c = words.at(position);
      if (c == ' ' || c == '\t') {
        position++;
      } else if (c == '\\' && words.at(position + 1) == '\n') {
        position += 2;
      } else if (c == '#') {
        int end = source.indexOf('\n', position);
        position = end < 0 ? source.length() : end;
      } else {
        return;
      }
    }
  }

  void blankLines() throws ShellSyntaxException {
    blanks();
    while (words.at(position) == '\n') {
      newLine();
      blanks();
    }
  }

  private void newLine() throws ShellSyntaxException {
    budget.step(position);
    position++;
    simple.readHeredocs();
  }

  /** The reserved word that stands here unquoted, else the empty string. */
  private String reserved() {
    int end = position;
    while (end < source.length() && " \t\n;&|()<>'\"\\$`".indexOf(source.charAt(end)) < 0) {
      if (++end - position > 8) {
        return "";
      }
    }
    // A quote or an expansion behind it makes it a word like any other.
    if (end < source.length() && "'\"\\$`".indexOf(source.charAt(end)) >= 0) {
      return "";
    }
    String word = source.substring(position, end);
    return RESERVED.contains(word) ? word : "";
  }

  static boolean reserves(String word) {
    return RESERVED.contains(word);
  }

  private boolean word(String wanted) {
    return source.startsWith(wanted, position)
        && " \t\n;&|()".indexOf(words.at(position + wanted.length())) >= 0;
  }

  private void expect(String word) throws ShellSyntaxException {
    if (!reserved().equals(word)) {
      throw new ShellSyntaxException("\"" + word + "\" is missing", position);
    }
    position += word.length();
  }

  private void expect(char c) throws ShellSyntaxException {
    blanks();
    if (words.at(position) != c) {
      throw new ShellSyntaxException("\"" + c + "\" is missing", position);
    }
    position++;
  }
}
