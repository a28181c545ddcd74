package dev.helm.cli.watch;

import dev.helm.cli.Out;
import dev.helm.cli.render.Line;
import java.util.List;

/** Plain lines: the log to standard output, words to standard error. */
final class PipeScreen implements Screen {
  private final Out out;

  PipeScreen(Out out) {
    this.out = out;
  }

  @Override
  public void print(List<Line> lines) {
    out.lines(lines);
  }

  @Override
  public void say(String words) {
    out.say(words);
  }

  @Override
  public void footer(List<Line> rows) {
    // A pipe keeps what it got: there is nothing to replace.
  }

  @Override
  public int columns() {
    return Integer.MAX_VALUE;
  }

  @Override
  public boolean gone() {
    return out.data().checkError();
  }

  @Override
  public void close() {
    out.data().flush();
  }
}
