package dev.helm.cli.verify;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a run's former epochs leave to the next one: which calls began, and which had ended. */
final class Epochs {
  private record Back(long seq, long toSeq) {}

  private final List<Back> backs = new ArrayList<>();
  private final Set<String> now = new HashSet<>();
  private final Set<String> before = new HashSet<>();
  private final Map<String, List<Long>> ends = new HashMap<>();

  void begun(String call) {
    now.add(call);
  }

  void ended(String call, long seq) {
    ends.computeIfAbsent(call, _ -> new ArrayList<>(1)).add(seq);
  }

  /** A rollback at {@code seq} takes back what came after {@code toSeq}. */
  void begins(long seq, long toSeq) {
    backs.add(new Back(seq, toSeq));
    before.addAll(now);
    now.clear();
  }

  boolean begunBefore(String call) {
    return before.contains(call);
  }

  /** Calls whose end is part of what the agent knows after the last rollback. */
  Set<String> endedInPast() {
    Set<String> past = new HashSet<>();
    ends.forEach(
        (call, seqs) -> {
          if (seqs.stream().anyMatch(this::inPast)) {
            past.add(call);
          }
        });
    return past;
  }

  private boolean inPast(long seq) {
    long last = Long.MAX_VALUE;
    for (int i = backs.size() - 1; i >= 0; i--) {
      Back back = backs.get(i);
      if (back.seq() > last) {
        continue;
      }
      if (seq > back.seq() && seq <= last) {
        return true;
      }
      last = back.toSeq();
    }
    return seq <= last;
  }
}
