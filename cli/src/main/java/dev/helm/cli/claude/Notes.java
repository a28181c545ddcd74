package dev.helm.cli.claude;

import java.util.ArrayList;
import java.util.List;

/** What was carried over, and what was not and why. Values of secrets are never in it. */
public final class Notes {
  private final List<String> carried = new ArrayList<>();
  private final List<String> left = new ArrayList<>();

  void carried(String what) {
    carried.add(what);
  }

  void left(String what, String why) {
    String note = what + ": " + why;
    if (!left.contains(note)) {
      left.add(note);
    }
  }

  /** What the blueprint has. */
  public List<String> carried() {
    return List.copyOf(carried);
  }

  /** What it does not have, or has in another way, each with the reason. */
  public List<String> left() {
    return List.copyOf(left);
  }
}
