package dev.helm.service.blueprint;

import dev.helm.api.rest.Problem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects every mistake of one document, so that a person mends them in one go. */
final class Mistakes {
  /** Most mistakes that are told; more help nobody. */
  static final int SHOWN_MAX = 100;

  private final List<Problem.Place> places = new ArrayList<>();

  void add(Tree.Pos at, String path, String message) {
    add(at, path, message, null);
  }

  void add(Tree.Pos at, String path, String message, @Nullable String hint) {
    if (places.size() < SHOWN_MAX) {
      places.add(new Problem.Place(at.line(), at.column(), path, message, hint));
    }
  }

  void notYet(Tree.Pos at, String path, String what) {
    add(at, path, what + " is not yet supported", "leave it out for now");
  }

  boolean none() {
    return places.isEmpty();
  }

  List<Problem.Place> inOrder() {
    return places.stream()
        .sorted(
            Comparator.comparingInt(Problem.Place::line).thenComparingInt(Problem.Place::column))
        .toList();
  }
}
