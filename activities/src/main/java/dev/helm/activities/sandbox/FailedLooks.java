package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.TreeUsage;

/**
 * How long a command may go on in a workspace that cannot be measured. One that makes this so would
 * not be watched at all and is ended soon. Where the service itself is out of file handles or
 * memory, every run's looks fail at once and no command is to blame: that may last longer.
 */
final class FailedLooks {
  /** About a second. */
  static final int MAX = 5;

  /** About half a minute. */
  static final int OWN_SHORTAGE_MAX = 150;

  private int inARow;
  private int ofTheTree;

  void none() {
    inARow = 0;
    ofTheTree = 0;
  }

  /** Counts one more; whether the command has to end now. */
  boolean tooMany(Exception failure) {
    inARow++;
    if (!TreeUsage.isOwnShortage(failure)) {
      ofTheTree++;
      return ofTheTree % MAX == 0;
    }
    return inARow % OWN_SHORTAGE_MAX == 0;
  }
}
