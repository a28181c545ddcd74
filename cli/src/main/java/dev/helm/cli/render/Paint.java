package dev.helm.cli.render;

import dev.helm.cli.Env;
import java.util.Locale;

/** Colours of one output: none, the terminal's own sixteen, 256, or true colour. */
public final class Paint {
  /** No colour at all. */
  public static final Paint NONE = new Paint(Depth.NONE, false);

  private static final String RESET = "\u001b[0m";

  private final Depth depth;
  private final boolean light;

  private enum Depth {
    NONE,
    BASIC,
    PALETTE,
    TRUE
  }

  private Paint(Depth depth, boolean light) {
    this.depth = depth;
    this.light = light;
  }

  /** What this terminal can show; nothing off a terminal, with NO_COLOR or on a dumb one. */
  public static Paint of(Env env, boolean terminal) {
    String term = env.get("TERM");
    if (!terminal || !env.get("NO_COLOR").isEmpty() || term.isEmpty() || term.equals("dumb")) {
      return NONE;
    }
    String colour = env.get("COLORTERM").toLowerCase(Locale.ROOT);
    boolean full = colour.equals("truecolor") || colour.equals("24bit");
    Depth depth = full ? Depth.TRUE : term.contains("256") ? Depth.PALETTE : Depth.BASIC;
    return new Paint(depth, isLight(env));
  }

  /** Whether anything is coloured. */
  public boolean coloured() {
    return depth != Depth.NONE;
  }

  /** The text in the role's colour. */
  public String paint(Role role, String text) {
    String code = text.isEmpty() ? "" : code(role);
    return code.isEmpty() ? text : "\u001b[" + code + "m" + text + RESET;
  }

  private String code(Role role) {
    return switch (depth) {
      case NONE -> "";
      case BASIC -> basic(role);
      case PALETTE -> palette(role);
      case TRUE -> full(role);
    };
  }

  private static String basic(Role role) {
    return switch (role) {
      case TEXT -> "";
      case STRONG -> "1";
      case QUIET -> "2";
      case LIVE -> "32";
      case WAIT -> "33";
      case STOP -> "31";
      case REST -> "34";
    };
  }

  private String palette(Role role) {
    return switch (role) {
      case TEXT -> "";
      case STRONG -> "1";
      case QUIET -> light ? "38;5;59" : "38;5;247";
      case LIVE -> light ? "38;5;29" : "38;5;78";
      case WAIT -> light ? "38;5;94" : "38;5;215";
      case STOP -> light ? "38;5;124" : "38;5;210";
      case REST -> light ? "38;5;61" : "38;5;111";
    };
  }

  private String full(Role role) {
    return switch (role) {
      case TEXT -> "";
      case STRONG -> "1";
      case QUIET -> light ? "38;2;92;95;102" : "38;2;154;158;166";
      case LIVE -> light ? "38;2;19;122;69" : "38;2;78;201;138";
      case WAIT -> light ? "38;2;149;89;10" : "38;2;240;179;74";
      case STOP -> light ? "38;2;179;38;30" : "38;2;255;138;128";
      case REST -> light ? "38;2;59;91;181" : "38;2;143;176;255";
    };
  }

  /** HELM_THEME, else what some terminals tell in COLORFGBG, else dark. */
  private static boolean isLight(Env env) {
    String theme = env.get("HELM_THEME");
    if (!theme.isEmpty()) {
      return theme.equals("light");
    }
    String background = env.get("COLORFGBG");
    return background.endsWith(";15") || background.endsWith(";7");
  }
}
