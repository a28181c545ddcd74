package dev.helm.cli.launch;

/**
 * One line of {@code helm doctor}.
 *
 * @param level how bad it is
 * @param subject what was looked at, one word or two
 * @param text what was found
 * @param repair what to do; empty when nothing has to be done
 */
public record Finding(Level level, String subject, String text, String repair) {
  /** How bad a finding is. */
  public enum Level {
    /** As it should be. */
    FINE,
    /** Works, and the person should know it. */
    NOTE,
    /** Helm does not work, or not whole. */
    WRONG
  }

  static Finding fine(String subject, String text) {
    return new Finding(Level.FINE, subject, text, "");
  }

  static Finding note(String subject, String text, String repair) {
    return new Finding(Level.NOTE, subject, text, repair);
  }

  static Finding wrong(String subject, String text, String repair) {
    return new Finding(Level.WRONG, subject, text, repair);
  }

  /** The line as the terminal shows it. */
  public String line() {
    String mark =
        switch (level) {
          case FINE -> "✓";
          case NOTE -> "·";
          case WRONG -> "✗";
        };
    return mark + " " + subject + " · " + text + (repair.isEmpty() ? "" : " · " + repair);
  }
}
