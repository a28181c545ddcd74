package dev.helm.activities.sandbox;

/**
 * How many more runs may hold a slot. More than the limit may hold one already, from an earlier
 * configuration: then nobody comes in until enough have left.
 */
final class Room {
  private final int limit;
  private int inside;

  Room(int limit) {
    this.limit = limit;
  }

  /** For a run that needs a slot; false if there is no room. */
  synchronized boolean tryEnter() {
    if (inside >= limit) {
      return false;
    }
    inside++;
    return true;
  }

  /** For a run that holds a slot already, whatever the limit. */
  synchronized void enter() {
    inside++;
  }

  synchronized void leave() {
    inside--;
  }
}
