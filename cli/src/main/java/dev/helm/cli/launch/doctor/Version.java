package dev.helm.cli.launch.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An upstream version. Of what a distribution adds (a revision, {@code +ds1}) nothing is read.
 *
 * @param parts three numbers
 * @param candidate number of the release candidate, {@link #RELEASED} for none
 */
record Version(List<Integer> parts, int candidate) implements Comparable<Version> {
  static final int RELEASED = Integer.MAX_VALUE;

  private static final Pattern FORM =
      Pattern.compile("v?(\\d{1,5})\\.(\\d{1,5})(?:\\.(\\d{1,5}))?(?:[-~]?rc\\.?(\\d{1,4}))?.*");

  Version {
    parts = List.copyOf(parts);
  }

  static Optional<Version> of(String text) {
    Matcher found = FORM.matcher(text.strip());
    if (!found.matches()) {
      return Optional.empty();
    }
    List<Integer> parts = new ArrayList<>();
    for (int group = 1; group <= 3; group++) {
      String part = found.group(group);
      parts.add(part == null ? 0 : Integer.parseInt(part));
    }
    String rc = found.group(4);
    return Optional.of(new Version(parts, rc == null ? RELEASED : Integer.parseInt(rc)));
  }

  @Override
  public int compareTo(Version other) {
    for (int i = 0; i < parts.size(); i++) {
      int order = parts.get(i).compareTo(other.parts.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(candidate, other.candidate);
  }

  private boolean sameBranch(Version other) {
    return parts.subList(0, 2).equals(other.parts.subList(0, 2));
  }

  /**
   * Whether a version has a fix that was made in these, one a branch: its own branch's decides; of
   * a branch that got none only one above all of them has it.
   */
  boolean hasFixOf(List<Version> fixes) {
    return fixes.stream()
        .filter(this::sameBranch)
        .findFirst()
        .map(fix -> compareTo(fix) >= 0)
        .orElseGet(() -> fixes.stream().allMatch(fix -> compareTo(fix) > 0));
  }
}
