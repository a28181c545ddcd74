package dev.helm.cli.watch;

import dev.helm.cli.render.Line;
import java.util.List;

/** Where the log is drawn. */
interface Screen extends AutoCloseable {
  /** Adds lines to the log. */
  void print(List<Line> lines);

  /** Tells the person something that is not in the log. */
  void say(String words);

  /** Replaces what stands below the log, if this screen has a place for it. */
  void footer(List<Line> rows);

  /** How many columns a row may take. */
  int columns();

  /** Whether nobody reads this any more. */
  boolean gone();

  @Override
  void close();
}
