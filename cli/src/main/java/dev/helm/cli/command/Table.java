package dev.helm.cli.command;

import dev.helm.cli.Out;
import dev.helm.cli.render.Columns;
import dev.helm.cli.render.SafeText;
import java.util.ArrayList;
import java.util.List;

/** Rows whose cells stand below each other; all text of cells is made safe here. */
final class Table {
  private static final int GAP = 2;

  private final boolean[] right;
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * A table.
   *
   * @param form a letter a column: {@code l} for text, {@code r} for figures
   */
  Table(String form) {
    right = new boolean[form.length()];
    for (int i = 0; i < right.length; i++) {
      right[i] = form.charAt(i) == 'r';
    }
  }

  Table row(String... cells) {
    if (cells.length != right.length) {
      throw new IllegalArgumentException("a row has " + right.length + " cells");
    }
    List<String> safe = new ArrayList<>();
    for (String cell : cells) {
      safe.add(SafeText.line(cell));
    }
    rows.add(safe);
    return this;
  }

  void print(Out out) {
    int[] widths = new int[right.length];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], Columns.of(row.get(i)));
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String cell = row.get(i);
        String space = " ".repeat(widths[i] - Columns.of(cell));
        line.append(i == 0 ? "" : " ".repeat(GAP)).append(right[i] ? space + cell : cell + space);
      }
      out.line(line.toString().stripTrailing());
    }
  }
}
