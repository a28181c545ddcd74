package dev.helm.activities.tools;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A unified diff of two short texts for people who decide. What is too different to compare line by
 * line is shown as taken out and put in whole.
 */
public final class LineDiff {
  private static final int CONTEXT_LINES = 3;
  private static final long CELLS_MAX = 1_000_000;

  private LineDiff() {}

  /** The diff, empty when the texts are the same. */
  public static String of(String path, boolean existed, String before, String after) {
    if (existed && before.equals(after)) {
      return "";
    }
    List<String> edits = edits(lines(before), lines(after));
    StringBuilder diff = new StringBuilder();
    diff.append(existed ? "--- a/" + path : "--- /dev/null").append('\n');
    diff.append("+++ b/").append(path).append('\n');
    int i = 0;
    int[] at = {1, 1};
    while (i < edits.size()) {
      int first = nextChange(edits, i);
      if (first == edits.size()) {
        break;
      }
      int from = Math.max(i, first - CONTEXT_LINES);
      advance(edits, i, from, at);
      int to = endOfHunk(edits, first);
      hunk(diff, edits.subList(from, to), at);
      advance(edits, from, to, at);
      i = to;
    }
    return diff.toString();
  }

  private static int nextChange(List<String> edits, int from) {
    int i = from;
    while (i < edits.size() && edits.get(i).startsWith(" ")) {
      i++;
    }
    return i;
  }

  private static int endOfHunk(List<String> edits, int firstChange) {
    int to = firstChange;
    int last = firstChange;
    while (to < edits.size() && to - last <= 2 * CONTEXT_LINES) {
      if (!edits.get(to).startsWith(" ")) {
        last = to;
      }
      to++;
    }
    return Math.min(edits.size(), last + CONTEXT_LINES + 1);
  }

  private static void advance(List<String> edits, int from, int to, int[] at) {
    for (String edit : edits.subList(from, to)) {
      at[0] += edit.startsWith("+") ? 0 : 1;
      at[1] += edit.startsWith("-") ? 0 : 1;
    }
  }

  private static void hunk(StringBuilder diff, List<String> edits, int[] at) {
    long old = edits.stream().filter(edit -> !edit.startsWith("+")).count();
    long now = edits.stream().filter(edit -> !edit.startsWith("-")).count();
    diff.append("@@ -").append(old == 0 ? at[0] - 1 : at[0]).append(',').append(old);
    diff.append(" +").append(now == 0 ? at[1] - 1 : at[1]).append(',').append(now).append(" @@\n");
    edits.forEach(edit -> diff.append(edit).append('\n'));
  }

  private static List<String> lines(String text) {
    if (text.isEmpty()) {
      return List.of();
    }
    List<String> lines = new ArrayList<>(Arrays.asList(text.split("\n", -1)));
    if (lines.getLast().isEmpty()) {
      lines.removeLast();
    }
    return lines;
  }

  /** Every line of both with its mark: blank, minus or plus. */
  private static List<String> edits(List<String> a, List<String> b) {
    int head = 0;
    while (head < a.size() && head < b.size() && a.get(head).equals(b.get(head))) {
      head++;
    }
    int tail = 0;
    while (tail < a.size() - head
        && tail < b.size() - head
        && a.get(a.size() - 1 - tail).equals(b.get(b.size() - 1 - tail))) {
      tail++;
    }
    List<String> edits = new ArrayList<>();
    a.subList(0, head).forEach(line -> edits.add(" " + line));
    middle(a.subList(head, a.size() - tail), b.subList(head, b.size() - tail), edits);
    a.subList(a.size() - tail, a.size()).forEach(line -> edits.add(" " + line));
    return edits;
  }

  private static void middle(List<String> a, List<String> b, List<String> edits) {
    if ((long) a.size() * b.size() > CELLS_MAX) {
      a.forEach(line -> edits.add("-" + line));
      b.forEach(line -> edits.add("+" + line));
      return;
    }
    int[][] same = new int[a.size() + 1][b.size() + 1];
    for (int i = a.size() - 1; i >= 0; i--) {
      for (int j = b.size() - 1; j >= 0; j--) {
        same[i][j] =
            a.get(i).equals(b.get(j))
                ? same[i + 1][j + 1] + 1
                : Math.max(same[i + 1][j], same[i][j + 1]);
      }
    }
    int i = 0;
    int j = 0;
    while (i < a.size() || j < b.size()) {
      if (i < a.size() && j < b.size() && a.get(i).equals(b.get(j))) {
        edits.add(" " + a.get(i++));
        j++;
      } else if (i < a.size() && (j == b.size() || same[i + 1][j] >= same[i][j + 1])) {
        edits.add("-" + a.get(i++));
      } else {
        edits.add("+" + b.get(j++));
      }
    }
  }
}
