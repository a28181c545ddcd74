package dev.helm.workflows.decide.guard;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * One program call.
 *
 * @param argv name and arguments, expanded
 * @param input what it reads
 * @param streams where it reads and prints
 */
record Call(Walker walker, List<String> argv, String input, Streams streams) {

  /** The program's name without its directory, in lower case. */
  String name() {
    String word = argv.get(0);
    return word.substring(word.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
  }

  List<String> arguments() {
    return argv.subList(1, argv.size());
  }

  Findings findings() {
    return walker.findings();
  }

  State state() {
    return walker.state();
  }

  /** The same program call with other words. */
  Call with(List<String> words) {
    return new Call(walker, new ArrayList<>(words), input, streams);
  }

  Call with(List<String> words, String text) {
    return new Call(walker, new ArrayList<>(words), text, streams);
  }

  /** Runs the words from that position on as a command of their own. */
  String from(int index) {
    return index < argv.size() ? Programs.run(with(argv.subList(index, argv.size()))) : "";
  }

  boolean has(String... options) {
    for (String argument : arguments()) {
      for (String option : options) {
        if (argument.equals(option)
            || (option.startsWith("--") && argument.startsWith(option + "="))) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether a short option is given, alone or among others. */
  boolean letter(char letter) {
    for (String argument : arguments()) {
      if (argument.equals("--")) {
        return false;
      }
      if (argument.length() > 1
          && argument.charAt(0) == '-'
          && argument.charAt(1) != '-'
          && argument.indexOf(letter) > 0) {
        return true;
      }
    }
    return false;
  }

  /**
   * The values of an option, in each of its spellings: {@code -o X}, {@code -oX}, {@code --o=X}.
   */
  List<String> values(String... options) {
    List<String> values = new ArrayList<>();
    for (int i = 1; i < argv.size(); i++) {
      String argument = argv.get(i);
      for (String option : options) {
        if (argument.equals(option)) {
          if (i + 1 < argv.size()) {
            values.add(argv.get(i + 1));
          }
        } else if (option.startsWith("--")) {
          if (argument.startsWith(option + "=")) {
            values.add(argument.substring(option.length() + 1));
          }
        } else if (option.length() == 2 && argument.startsWith(option)) {
          values.add(argument.substring(2));
        } else if (grouped(argument, option) && i + 1 < argv.size()) {
          values.add(argv.get(i + 1));
        }
      }
    }
    return values;
  }

  /** Arguments that are no options; {@code valued} are short or long options with a value. */
  List<String> operands(String... valued) {
    List<String> operands = new ArrayList<>();
    boolean options = true;
    for (int i = 1; i < argv.size(); i++) {
      String argument = argv.get(i);
      if (options && argument.equals("--")) {
        options = false;
      } else if (options && argument.length() > 1 && argument.startsWith("-")) {
        if (Stream.of(valued).anyMatch(v -> v.equals(argument) || grouped(argument, v))) {
          i++;
        }
      } else {
        operands.add(argument);
      }
    }
    return operands;
  }

  /** {@code -sLo FILE}: the last of several short options takes the value. */
  private static boolean grouped(String argument, String option) {
    return option.length() == 2
        && argument.length() > 2
        && argument.charAt(argument.length() - 1) == option.charAt(1)
        && argument.matches("-[A-Za-z]+");
  }
}
