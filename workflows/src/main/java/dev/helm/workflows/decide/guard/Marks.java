package dev.helm.workflows.decide.guard;

/**
 * Characters that stand for text which is not known, by where it comes from, and for active glob
 * characters. They are from Unicode's private area; a command that holds one is cleaned first.
 */
final class Marks {
  /** An unquoted {@code *}, {@code ?}, {@code [}. */
  static final char STAR = '\uE001';

  static final char ANY = '\uE002';
  static final char BRACKET = '\uE003';

  /** Unknown for another reason. */
  static final char UNKNOWN = '\uE010';

  /** What a download answers. */
  static final char DOWNLOAD = '\uE011';

  /** A credential. */
  static final char SECRET = '\uE012';

  /** The content of an ordinary file. */
  static final char FILE = '\uE013';

  /** All environment variables. */
  static final char ENVIRONMENT = '\uE014';

  /** What another machine sends. */
  static final char SOCKET = '\uE015';

  /** A variable that this command has not set; it may be empty. */
  static final char VARIABLE = '\uE016';

  /** The outcome of a decoder or a generator of codes whose input is not known. */
  static final char DECODED = '\uE017';

  /** What a program prints. */
  static final char OUTPUT = '\uE018';

  /** What a program prints for a shell to evaluate, as {@code ssh-agent -s} does. */
  static final char SETUP = '\uE019';

  /** A secret variable's value. */
  static final char TOKEN = '\uE01A';

  /** A whole directory or database, or a file that lists accounts: nothing to be sent out. */
  static final char BULK = '\uE01B';

  /** The ids of all processes. */
  static final char PROCESSES = '\uE01C';

  private Marks() {}

  static boolean unknown(char c) {
    return c >= UNKNOWN && c <= PROCESSES;
  }

  static boolean known(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (unknown(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  static boolean has(String text, char mark) {
    return text.indexOf(mark) >= 0;
  }

  /** The marks in a text, each once; what a filter makes of unknown input. */
  static String of(String text) {
    StringBuilder marks = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (unknown(c) && marks.indexOf(String.valueOf(c)) < 0) {
        marks.append(c);
      }
    }
    return marks.toString();
  }

  static boolean globbed(String text) {
    return text.indexOf(STAR) >= 0 || text.indexOf(ANY) >= 0 || text.indexOf(BRACKET) >= 0;
  }

  /** As the program would see it if nothing matched. */
  static String plain(String text) {
    return globbed(text) ? text.replace(STAR, '*').replace(ANY, '?').replace(BRACKET, '[') : text;
  }

  /** With {@link #UNKNOWN} for each run of text that is not known, and for each glob pattern. */
  static String shape(String text) {
    StringBuilder shape = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean set = c == BRACKET && text.indexOf(']', i) > 0;
      boolean open = unknown(c) || c == STAR || c == ANY || set;
      i = set ? text.indexOf(']', i) : i;
      if (!open) {
        shape.append(c == BRACKET ? '[' : c);
      } else if (shape.isEmpty() || shape.charAt(shape.length() - 1) != UNKNOWN) {
        shape.append(UNKNOWN);
      }
    }
    return shape.toString();
  }

  /** Without the marks, for people. */
  static String shown(String text) {
    StringBuilder shown = new StringBuilder();
    for (char c : plain(text).replace(Paths.HOME, "~").toCharArray()) {
      shown.append(unknown(c) ? '…' : c < ' ' ? ' ' : c);
    }
    return shown.length() <= 80 ? shown.toString() : shown.substring(0, 79) + "…";
  }

  /** Nothing of a command is taken for a mark. */
  static String clean(String command) {
    for (int i = 0; i < command.length(); i++) {
      if (command.charAt(i) >= '\uE000' && command.charAt(i) <= '\uE0FF') {
        return command.replaceAll("[\uE000-\uE0FF]", "\uFFFD");
      }
    }
    return command;
  }
}
