package dev.helm.cli.watch;

import dev.helm.cli.render.Line;
import dev.helm.cli.render.Paint;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/** The whole terminal, drawn anew; what stood on it before is back when it is closed. */
final class FullScreen implements AutoCloseable {
  private static final int WIDTH_MIN = 20;
  private static final int WIDTH_DEFAULT = 80;
  private static final int HEIGHT_MIN = 6;
  private static final int HEIGHT_DEFAULT = 24;
  private static final String BEGIN = "\u001b[?1049h\u001b[?25l";
  private static final String END = "\u001b[?25h\u001b[?1049l";

  private final PrintWriter writer;
  private final IntSupplier width;
  private final IntSupplier height;
  private final Paint paint;
  private List<String> drawn = List.of();

  FullScreen(PrintWriter writer, IntSupplier width, IntSupplier height, Paint paint) {
    this.writer = writer;
    this.width = width;
    this.height = height;
    this.paint = paint;
    write(BEGIN);
  }

  /** One less than the terminal has, since writing the last column wraps on some. */
  int columns() {
    int columns = width.getAsInt();
    return Math.max(WIDTH_MIN, (columns <= 0 ? WIDTH_DEFAULT : columns) - 1);
  }

  int rows() {
    int rows = height.getAsInt();
    return Math.max(HEIGHT_MIN, rows <= 0 ? HEIGHT_DEFAULT : rows);
  }

  /** Draws one row a line; what does not fit is left out at the end. */
  void draw(List<Line> lines) {
    int columns = columns();
    List<String> next = new ArrayList<>();
    for (Line line : lines) {
      if (next.size() < rows()) {
        next.add(line.rows(columns, paint).getFirst());
      }
    }
    if (next.equals(drawn)) {
      return;
    }
    drawn = next;
    StringBuilder frame = new StringBuilder("\u001b[H");
    for (int i = 0; i < next.size(); i++) {
      frame.append(i == 0 ? "" : "\r\n").append(next.get(i)).append("\u001b[K");
    }
    write(frame.append("\u001b[J").toString());
  }

  private void write(String text) {
    writer.write(text);
    writer.flush();
  }

  @Override
  public void close() {
    write(END);
  }
}
