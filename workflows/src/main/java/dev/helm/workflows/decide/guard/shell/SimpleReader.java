package dev.helm.workflows.decide.guard.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads simple commands: assignments, words, redirections and here-documents. */
final class SimpleReader {
  private static final Pattern ASSIGNED =
      Pattern.compile("([A-Za-z_]\\w*(?:\\[[^\\]]*\\])?)(\\+?)=");
  private static final Pattern DESCRIPTOR =
      Pattern.compile("(\\d{1,9}|\\{[A-Za-z_]\\w*\\})(?=[<>])");

  private static final Pattern CONTINUED = Pattern.compile("(?<!\\\\)(?:\\\\\\\\)*\\\\$");
  private static final Pattern CLOSES = Pattern.compile("^\\s*[)`;&|<>]");

  /** A plain word, in one kind of quotes or behind one backslash at most. */
  private static final Pattern DELIMITER =
      Pattern.compile(
          "([\\w.!@%+:,=-]+)|(?:'([\\w.!@%+:,=-]+)'|\"([\\w.!@%+:,=-]+)\"|\\\\([\\w.-]+))");

  /** Longest first. */
  private static final String[] OPERATORS = {
    "<<<", "<<-", "&>>", "<<", "<&", "<>", ">>", ">&", ">|", "&>", "<", ">"
  };

  private final Parser parser;
  private final String source;
  private final Words words;

  /** Here-documents whose bodies follow the next new line; nested compound commands share it. */
  List<Shell.Heredoc> heredocs = new ArrayList<>();

  SimpleReader(Parser parser, String source, Words words) {
    this.parser = parser;
    this.source = source;
    this.words = words;
  }

  Shell command() throws ShellSyntaxException {
    int start = parser.position;
    List<Shell.Assignment> assignments = new ArrayList<>();
    List<Shell.Word> list = new ArrayList<>();
    List<Shell.Redirect> redirects = new ArrayList<>();
    int end = start;
    while (true) {
      parser.blanks();
      Shell.Redirect redirect = redirect();
      if (redirect != null) {
        redirects.add(redirect);
        end = parser.position;
        continue;
      }
      Shell.Assignment assignment = list.isEmpty() || declares(list) ? assignment() : null;
      if (assignment != null) {
        if (list.isEmpty()) {
          assignments.add(assignment);
        } else {
          list.add(new Shell.Word(source.substring(end, parser.position).strip()));
        }
        end = parser.position;
        continue;
      }
      int wordEnd = words.end(parser.position, !list.isEmpty());
      if (wordEnd == parser.position) {
        break;
      }
      list.add(new Shell.Word(source.substring(parser.position, wordEnd)));
      parser.position = wordEnd;
      end = parser.position;
      // Attack: the shell takes the continuation out first, and "!\\" with rm behind it runs rm.
      String first = list.get(0).raw();
      if (list.size() == 1
          && first.contains("\\\n")
          && Parser.reserves(first.replace("\\\n", ""))) {
        throw new ShellSyntaxException("a line ends within a reserved word", start);
      }
      if (list.size() == 1 && assignments.isEmpty() && redirects.isEmpty() && opensFunction()) {
        return parser.definition(list.get(0).raw());
      }
    }
    if (list.isEmpty() && assignments.isEmpty() && redirects.isEmpty()) {
      throw new ShellSyntaxException("a command is missing", parser.position);
    }
    if (words.at(parser.position) == '(') {
      throw new ShellSyntaxException("\"(\" is not expected", parser.position);
    }
    return new Shell.Simple(assignments, list, redirects, source.substring(start, end));
  }

  /** {@code export A=(1 2)}: arrays may stand behind these. */
  private static boolean declares(List<Shell.Word> list) {
    return switch (list.get(0).raw()) {
      case "export", "declare", "typeset", "local", "readonly" -> true;
      default -> false;
    };
  }

  private boolean opensFunction() {
    int i = parser.position;
    while (words.at(i) == ' ' || words.at(i) == '\t') {
      i++;
    }
    if (words.at(i) != '(') {
      return false;
    }
    i++;
    while (words.at(i) == ' ' || words.at(i) == '\t') {
      i++;
    }
    if (words.at(i) != ')') {
      return false;
    }
    parser.position = i + 1;
    return true;
  }

  Shell.Word word() throws ShellSyntaxException {
    int start = parser.position;
    int end = words.end(start);
    if (end == start) {
      throw new ShellSyntaxException("a word is missing", start);
    }
    parser.position = end;
    return new Shell.Word(source.substring(start, end));
  }

  private Shell.@Nullable Assignment assignment() throws ShellSyntaxException {
    Matcher matcher = ASSIGNED.matcher(source).region(parser.position, source.length());
    if (!matcher.lookingAt()) {
      return null;
    }
    String name = String.valueOf(matcher.group(1));
    boolean append = !String.valueOf(matcher.group(2)).isEmpty();
    parser.position = matcher.end();
    if (words.at(parser.position) == '(') {
      parser.position++;
      List<Shell.Word> values = new ArrayList<>();
      parser.blankLines();
      while (words.at(parser.position) != ')') {
        values.add(word());
        parser.blankLines();
      }
      parser.position++;
      return new Shell.Assignment(name, append, true, values);
    }
    int end = words.end(parser.position);
    Shell.Word value = new Shell.Word(source.substring(parser.position, end));
    parser.position = end;
    return new Shell.Assignment(name, append, false, List.of(value));
  }

  /** The redirection that begins here, or null. */
  Shell.@Nullable Redirect redirect() throws ShellSyntaxException {
    Matcher number = DESCRIPTOR.matcher(source).region(parser.position, source.length());
    int operatorAt = parser.position;
    int descriptor = -1;
    if (number.lookingAt()) {
      operatorAt = number.end();
      String text = number.group();
      descriptor = text.startsWith("{") ? 10 : Integer.parseInt(text);
    }
    String operator = operator(operatorAt);
    if (operator == null) {
      return null;
    }
    parser.position = operatorAt + operator.length();
    parser.blanks();
    Shell.Word target = word();
    if (!operator.equals("<<") && !operator.equals("<<-")) {
      return new Shell.Redirect(descriptor, operator, target, null);
    }
    return heredoc(descriptor, operator, target);
  }

  private @Nullable String operator(int at) {
    for (String operator : OPERATORS) {
      if (source.startsWith(operator, at)) {
        boolean substitution = operator.length() == 1 && words.at(at + 1) == '(';
        return substitution ? null : operator;
      }
    }
    return null;
  }

  // Attack: a delimiter that the shell reads otherwise, so that what it runs looks like a text.
  private Shell.Redirect heredoc(int descriptor, String operator, Shell.Word target)
      throws ShellSyntaxException {
    String raw = target.raw();
    Matcher plain = DELIMITER.matcher(raw);
    if (!plain.matches()) {
      throw new ShellSyntaxException("a here-document with an odd delimiter", parser.position);
    }
    boolean literal = plain.group(1) == null;
    String delimiter = raw.replaceAll("^['\"\\\\]|['\"]$", "");
    Shell.Heredoc heredoc = new Shell.Heredoc(delimiter, literal, operator.equals("<<-"));
    heredocs.add(heredoc);
    return new Shell.Redirect(descriptor, operator, target, heredoc);
  }

  /** Reads the bodies that begin at the parser's position, behind a new line. */
  void readHeredocs() throws ShellSyntaxException {
    for (Shell.Heredoc heredoc : heredocs) {
      StringBuilder body = new StringBuilder();
      String carried = "";
      while (parser.position < source.length()) {
        int end = source.indexOf('\n', parser.position);
        int next = end < 0 ? source.length() : end + 1;
        String line = source.substring(parser.position, end < 0 ? source.length() : end);
        parser.position = next;
        String shown = heredoc.tabs() ? line.replaceFirst("^\t+", "") : line;
        String joined = carried + shown;
        if (ends(heredoc, shown, joined)) {
          break;
        }
        boolean goesOn = !heredoc.literal() && CONTINUED.matcher(joined).find();
        carried = goesOn ? joined.substring(0, joined.length() - 1) : "";
        body.append(shown).append('\n');
      }
      heredoc.read(body.toString());
    }
    heredocs.clear();
  }

  /** Whether a line ends the document; where the shell may see it otherwise, nobody can tell. */
  private boolean ends(Shell.Heredoc heredoc, String shown, String joined)
      throws ShellSyntaxException {
    String delimiter = heredoc.delimiter();
    boolean plain = shown.equals(delimiter);
    // Within a substitution bash also ends it at the delimiter with the closing bracket behind.
    boolean closed =
        shown.startsWith(delimiter) && CLOSES.matcher(shown.substring(delimiter.length())).find();
    if (closed || plain != joined.equals(delimiter)) {
      throw new ShellSyntaxException("a here-document's end cannot be told", parser.position);
    }
    return plain;
  }

  /** The words of {@code [[ … ]]}, operators left out. */
  List<Shell.Word> testWords() throws ShellSyntaxException {
    List<Shell.Word> list = new ArrayList<>();
    while (true) {
      parser.blankLines();
      int end = words.end(parser.position);
      if (end > parser.position) {
        Shell.Word word = word();
        if (word.raw().equals("]]")) {
          return list;
        }
        list.add(word);
      } else if (parser.position < source.length()
          && "()<>&|".indexOf(words.at(parser.position)) >= 0) {
        parser.position++;
      } else {
        throw new ShellSyntaxException("\"]]\" is missing", parser.position);
      }
    }
  }
}
