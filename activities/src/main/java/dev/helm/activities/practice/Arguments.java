package dev.helm.activities.practice;

/** Walks over a command line. */
final class Arguments {
  private final String[] args;
  private int at;

  Arguments(String[] args) {
    this.args = args.clone();
  }

  boolean hasNext() {
    return at < args.length;
  }

  String next() {
    return args[at++];
  }

  /** The value of the option that was read last. */
  String value() {
    if (at >= args.length) {
      throw new IllegalArgumentException(args[at - 1] + " needs a value");
    }
    return args[at++];
  }

  int port() {
    String text = value();
    if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) > 65_535) {
      throw new IllegalArgumentException("--port takes 0 to 65535, not " + text);
    }
    return Integer.parseInt(text);
  }

  IllegalArgumentException unknown(String usage) {
    return new IllegalArgumentException("unknown option " + args[at - 1] + "; usage: " + usage);
  }

  /** Tells the launcher that the port is open. */
  static void ready(int asked, int port) {
    if (asked == 0) {
      System.out.println("port " + port);
    }
    System.out.println("ready");
    System.out.flush();
  }
}
