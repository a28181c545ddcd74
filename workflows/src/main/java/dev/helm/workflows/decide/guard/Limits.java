package dev.helm.workflows.decide.guard;

/** What following one command may cost. */
final class Limits {
  private static final int STEPS_MAX = 4_000;
  private static final int DEPTH_MAX = 24;
  private static final long NANOS_MAX = 1_000_000_000L;

  private final long start = System.nanoTime();
  private int steps;
  private int depth;

  /** The guard asks. */
  static final class Exceeded extends RuntimeException {
    private static final long serialVersionUID = 1;

    Exceeded(String what) {
      // No stack trace: it is an ordinary answer.
      super(what, null, false, false);
    }
  }

  void step() {
    if (++steps > STEPS_MAX) {
      throw new Exceeded("it would take too many steps to follow");
    }
    if ((steps & 15) == 0 && System.nanoTime() - start > NANOS_MAX) {
      throw new Exceeded("it takes too long to follow");
    }
  }

  void enter() {
    if (++depth > DEPTH_MAX) {
      throw new Exceeded("it is nested too deeply to follow");
    }
  }

  void leave() {
    depth--;
  }

  /** Levels entered. */
  int depth() {
    return depth;
  }
}
