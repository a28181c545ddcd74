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
    FINE("✓"),
    /** Works, and the person should know it. */
    NOTE("·"),
    /** Works today; may cost safety or an hour some day. */
    WARN("!"),
    /** Helm does not work, or not whole, or not safely. */
    WRONG("✗");

    private final String mark;

    Level(String mark) {
      this.mark = mark;
    }

    /** One character. */
    public String mark() {
      return mark;
    }
  }

  /** As it should be. */
  public static Finding fine(String subject, String text) {
    return new Finding(Level.FINE, subject, text, "");
  }

  /** To be known; {@code repair} may be empty. */
  public static Finding note(String subject, String text, String repair) {
    return new Finding(Level.NOTE, subject, text, repair);
  }

  /** To be mended some time. */
  public static Finding warn(String subject, String text, String repair) {
    return new Finding(Level.WARN, subject, text, repair);
  }

  /** To be mended now. */
  public static Finding wrong(String subject, String text, String repair) {
    return new Finding(Level.WRONG, subject, text, repair);
  }
}
