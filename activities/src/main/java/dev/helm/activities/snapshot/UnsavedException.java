package dev.helm.activities.snapshot;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** A rollback that would delete what no snapshot holds; nothing has changed. */
public final class UnsavedException extends IOException {
  private static final long serialVersionUID = 1L;

  private static final int NAMED_MAX = 5;

  UnsavedException(List<Unsaved> lost) {
    super(
        "it would delete what no snapshot holds: "
            + lost.stream()
                .limit(NAMED_MAX)
                .map(file -> file.path() + " (" + file.why() + ")")
                .collect(Collectors.joining(", "))
            + (lost.size() > NAMED_MAX ? ", and " + (lost.size() - NAMED_MAX) + " more" : "")
            + "; fork the run at that step instead, or let the agent move or delete them first");
  }
}
