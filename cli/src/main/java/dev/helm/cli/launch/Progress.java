package dev.helm.cli.launch;

import java.io.PrintStream;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;

/** One line an event, with its time, for a person who waits. Safe for several threads. */
public final class Progress {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
  private static final int HELD_LINES_MAX = 200;
  private final PrintStream out;
  private final List<String> held = new ArrayList<>();
  private boolean holding;

  /** Writes to this stream, by custom standard error. */
  public Progress(PrintStream out) {
    this.out = out;
  }

  /** Something begins. */
  public void begins(String text) {
    line("▸", text);
  }

  /** Something is done. */
  public void done(String text) {
    line("✓", text);
  }

  /** Something failed. */
  public void failed(String text) {
    line("✗", text);
  }

  /** Something is left out or held back. */
  public void held(String text) {
    line("⊘", text);
  }

  private void line(String mark, String text) {
    String whole = LocalTime.now().format(TIME) + " " + mark + " " + text + "\n";
    synchronized (out) {
      if (!holding) {
        out.print(whole);
        out.flush();
      } else if (held.size() < HELD_LINES_MAX) {
        held.add(whole);
      }
    }
  }

  /** Keeps its lines back while something else draws on the same terminal. */
  void hold() {
    synchronized (out) {
      holding = true;
    }
  }

  /** Writes what was kept back, and goes on as before. */
  void release() {
    synchronized (out) {
      holding = false;
      held.forEach(out::print);
      held.clear();
      out.flush();
    }
  }
}
