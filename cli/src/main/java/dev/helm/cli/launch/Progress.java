package dev.helm.cli.launch;

import java.io.PrintStream;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;

/** One line an event, with its time, for a person who waits. Safe for several threads. */
public final class Progress {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
  private final PrintStream out;

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
      out.print(whole);
      out.flush();
    }
  }
}
