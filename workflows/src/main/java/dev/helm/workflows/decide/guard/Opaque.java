package dev.helm.workflows.decide.guard;

/** Code for a shell or an interpreter whose text is not known. */
final class Opaque {
  private Opaque() {}

  /** Whether nothing of the code is known; then it has been judged by where it comes from. */
  static boolean judge(Walker walker, String code) {
    String stripped = code.strip();
    if (walker.strict() && !Marks.known(stripped)) {
      // What is not known may end a word, and begin another command.
      walker.findings().unclear("Text that cannot be told is part of what is run as code");
    }
    if (stripped.isEmpty()) {
      return true;
    }
    for (int i = 0; i < stripped.length(); i++) {
      if (!Marks.unknown(stripped.charAt(i)) && !Character.isWhitespace(stripped.charAt(i))) {
        return false;
      }
    }
    judgeMarks(walker.findings(), stripped);
    return true;
  }

  private static void judgeMarks(Findings findings, String marks) {
    if (Marks.has(marks, Marks.DOWNLOAD)) {
      findings.block(
          Family.DOWNLOAD_TO_SHELL,
          "What is downloaded goes straight into a shell or an interpreter");
    } else if (Marks.has(marks, Marks.SOCKET)) {
      findings.block(Family.REVERSE_SHELL, "What another machine sends is run as code");
    } else if (Marks.has(marks, Marks.DECODED)) {
      findings.unclear("Decoded text that the command does not show is run as code");
    } else if (Marks.has(marks, Marks.FILE) || Marks.has(marks, Marks.SETUP)) {
      // As ordinary as running the file itself.
      return;
    } else if (Marks.has(marks, Marks.OUTPUT)) {
      findings.unclear("What a program prints is run as code");
    } else {
      findings.unclear("Text that cannot be told is run as code");
    }
  }

  /** A command word that is not known: where it comes from decides. */
  static void word(Findings findings, String word) {
    if (Marks.has(word, Marks.DOWNLOAD)) {
      findings.block(Family.DOWNLOAD_TO_SHELL, "What is downloaded is run as a command");
    } else if (Marks.has(word, Marks.SOCKET)) {
      findings.block(Family.REVERSE_SHELL, "What another machine sends is run as a command");
    } else {
      findings.ask(Family.UNKNOWN_PROGRAM, "The name of the program is " + Marks.shown(word));
    }
  }
}
