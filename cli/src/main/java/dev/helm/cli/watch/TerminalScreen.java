package dev.helm.cli.watch;

import dev.helm.cli.render.Columns;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Paint;
import dev.helm.cli.render.Role;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * A terminal: the log scrolls, and below it stand rows that are drawn anew. The log's rows are
 * written once and belong to the terminal's own history.
 */
final class TerminalScreen implements Screen {
  private static final int WIDTH_MIN = 20;
  private static final int WIDTH_DEFAULT = 80;

  private final PrintWriter writer;
  private final IntSupplier width;
  private final Paint paint;
  private List<String> drawn = List.of();
  private List<Line> footer = List.of();

  /** Draws to a writer whose width is asked at each drawing. */
  TerminalScreen(PrintWriter writer, IntSupplier width, Paint paint) {
    this.writer = writer;
    this.width = width;
    this.paint = paint;
  }

  @Override
  public void print(List<Line> lines) {
    if (lines.isEmpty()) {
      return;
    }
    StringBuilder frame = new StringBuilder(erase());
    int columns = columns();
    for (Line line : lines) {
      line.rows(columns, paint).forEach(row -> frame.append(row).append('\n'));
    }
    drawn = rows(columns);
    frame.append(String.join("\n", drawn));
    write(frame);
  }

  @Override
  public void say(String words) {
    print(Columns.wrap(words, columns()).stream().map(row -> Line.of(Role.QUIET, row)).toList());
  }

  @Override
  public void footer(List<Line> rows) {
    footer = rows;
    int columns = columns();
    List<String> next = rows(columns);
    if (!next.equals(drawn)) {
      StringBuilder frame = new StringBuilder(erase());
      drawn = next;
      frame.append(String.join("\n", drawn));
      write(frame);
    }
  }

  @Override
  public boolean gone() {
    return false;
  }

  @Override
  public void close() {
    footer = List.of();
    write(new StringBuilder(erase()));
    drawn = List.of();
  }

  private List<String> rows(int columns) {
    List<String> rows = new ArrayList<>();
    for (Line line : footer) {
      rows.addAll(line.rows(columns, paint));
    }
    return rows;
  }

  /** Back to the first of the rows that are drawn anew, and nothing below it. */
  private String erase() {
    if (drawn.isEmpty()) {
      return "";
    }
    String up = drawn.size() > 1 ? "\u001b[" + (drawn.size() - 1) + "A" : "";
    return "\r" + up + "\u001b[J";
  }

  private void write(StringBuilder frame) {
    writer.write(frame.toString());
    writer.flush();
  }

  /** One less than the terminal has, since writing the last column wraps on some. */
  @Override
  public int columns() {
    int columns = width.getAsInt();
    return Math.max(WIDTH_MIN, (columns <= 0 ? WIDTH_DEFAULT : columns) - 1);
  }
}
