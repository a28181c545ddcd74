package dev.helm.service.bench;

import java.util.Map;

/**
 * One line of the table.
 *
 * @param id the goal's name
 * @param what what is measured
 * @param helm Helm's absolute figure, for orientation
 * @param peer the floor or peer with its figure in the same run
 * @param ratio the figure that counts
 * @param spread least and greatest ratio over the rounds
 * @param goal what the ratio ought to be
 * @param met whether it is
 * @param raw every round's figures
 */
record Row(
    String id,
    String what,
    String helm,
    String peer,
    String ratio,
    String spread,
    String goal,
    boolean met,
    Map<String, ?> raw) {
  Row {
    raw = Map.copyOf(raw);
  }
}
