package dev.helm.cli.launch;

import java.util.List;

/**
 * The user whose rights a process gets.
 *
 * @param uid numeric user
 * @param gid numeric main group
 * @param groups further numeric groups; all others are dropped
 */
public record RunAs(int uid, int gid, List<Integer> groups) {
  /** Refuses root: a process that needs it is not given a user at all. */
  public RunAs {
    if (uid <= 0 || gid <= 0) {
      throw new IllegalArgumentException("a process is run as an ordinary user, not as root");
    }
    groups = List.copyOf(groups);
  }
}
