package dev.helm.workflows.decide.guard.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Every simple command of a script, at any depth, without following what they do.
 *
 * @param commands in the order of the text, those in substitutions before the command around them
 * @param plain whether nothing stands there that runs code in a way that is not looked into:
 *     operators of {@code ${…}}, arithmetic, {@code [[}, quotes with escapes
 */
public record SimpleCommands(List<Shell.Simple> commands, boolean plain) {
  public SimpleCommands {
    commands = List.copyOf(commands);
  }

  /** Looks through whole commands. */
  public static SimpleCommands of(List<Shell> script) {
    Search search = new Search();
    script.forEach(search::visit);
    return new SimpleCommands(search.found, search.plain);
  }

  private static final class Search {
    /** The same as without the braces. */
    private static final Pattern NAMED = Pattern.compile("\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}");

    private final List<Shell.Simple> found = new ArrayList<>();
    private boolean plain = true;

    void visit(Shell shell) {
      switch (shell) {
        case Shell.Simple simple -> {
          simple.assignments().forEach(assignment -> assignment.value().forEach(this::word));
          simple.words().forEach(this::word);
          simple.redirects().forEach(this::redirect);
          found.add(simple);
        }
        case Shell.Pipeline pipeline -> pipeline.parts().forEach(this::visit);
        case Shell.AndOr andOr -> andOr.parts().forEach(this::visit);
        case Shell.Sequence sequence -> sequence.parts().forEach(this::visit);
        case Shell.Background background -> visit(background.body());
        case Shell.Subshell subshell -> visit(subshell.body());
        case Shell.Redirected redirected -> {
          redirected.redirects().forEach(this::redirect);
          visit(redirected.body());
        }
        case Shell.If branches -> {
          branches.conditions().forEach(this::visit);
          branches.branches().forEach(this::visit);
        }
        case Shell.While loop -> {
          visit(loop.condition());
          visit(loop.body());
        }
        case Shell.For loop -> {
          if (loop.words() != null) {
            loop.words().forEach(this::word);
          }
          visit(loop.body());
        }
        case Shell.ArithmeticFor loop -> {
          plain = false;
          visit(loop.body());
        }
        case Shell.Case choice -> {
          word(choice.subject());
          for (Shell.Case.Item item : choice.items()) {
            item.patterns().forEach(this::word);
            visit(item.body());
          }
        }
        case Shell.Function function -> {
          // What the name means from here on is no longer what a rule meant by it.
          plain = false;
          visit(function.body());
        }
        case Shell.Test test -> {
          plain = false;
          test.words().forEach(this::word);
        }
        case Shell.Arithmetic arithmetic -> plain = false;
      }
    }

    private void redirect(Shell.Redirect redirect) {
      word(redirect.target());
      // Bash expands what stands behind it twice.
      String target = redirect.target().raw();
      plain &=
          !redirect.operator().equals(">&") || target.indexOf('$') < 0 && target.indexOf('`') < 0;
      Shell.Heredoc body = redirect.body();
      if (body != null && !body.literal()) {
        text(body.text(), true);
      }
    }

    private void word(Shell.Word word) {
      text(word.raw(), false);
    }

    /** Looks for substitutions; {@code quoted}: as between double quotes. */
    private void text(String raw, boolean quoted) {
      boolean inQuotes = quoted;
      int i = 0;
      while (i < raw.length()) {
        char c = raw.charAt(i);
        char next = i + 1 < raw.length() ? raw.charAt(i + 1) : '\0';
        if (c == '\\') {
          // A line continuation joins words: what is run is not what stands there.
          plain &= next != '\n' && next != '\0';
          i += 2;
        } else if (c == '\'' && !inQuotes) {
          i = raw.indexOf('\'', i + 1) + 1;
          if (i == 0) {
            plain = false;
            return;
          }
        } else if (c == '"' && !quoted) {
          inQuotes = !inQuotes;
          i++;
        } else if (c == '`') {
          plain = false;
          i++;
        } else if (c == '$' && NAMED.matcher(raw).region(i, raw.length()).lookingAt()) {
          i = raw.indexOf('}', i) + 1;
        } else if (opens(c, next, inQuotes)) {
          i = substitution(raw, i + 2);
        } else {
          plain &= c != '$' || ordinary(next, inQuotes);
          plain &= c != '\r' && c != '\0';
          i++;
        }
      }
    }

    private static boolean opens(char c, char next, boolean inQuotes) {
      return next == '(' && (c == '$' || !inQuotes && (c == '<' || c == '>'));
    }

    private static boolean ordinary(char next, boolean inQuotes) {
      return next != '{' && next != '[' && (inQuotes || next != '\'' && next != '"');
    }

    private int substitution(String raw, int from) {
      try {
        if (raw.startsWith("(", from)) {
          plain = false;
        }
        int end = Parser.substitutionEnd(raw, from);
        Parser.Script inside = Parser.read(raw.substring(from, end - 1));
        plain &= inside.mistake() == null;
        inside.commands().forEach(this::visit);
        return end;
      } catch (ShellSyntaxException e) {
        plain = false;
        return raw.length();
      }
    }
  }
}
