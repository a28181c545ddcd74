package dev.helm.activities.run;

/** Ends a process's life, as far as a test can, at the n-th of the points that it passes. */
public final class Crashes {
  private int left;

  /** Crash at the {@code n}th point from now; 0 for never. */
  public synchronized void at(int n) {
    left = n;
  }

  /** Whether the crash has still to come. */
  public synchronized boolean pending() {
    return left > 0;
  }

  /** A point at which the process may die. */
  public synchronized void point() {
    if (left > 0 && --left == 0) {
      throw new Crash();
    }
  }

  /** The process is gone. */
  public static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1;

    Crash() {
      super("the process died here");
    }
  }
}
