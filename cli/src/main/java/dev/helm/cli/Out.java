package dev.helm.cli;

import dev.helm.cli.render.Line;
import dev.helm.cli.render.Paint;
import dev.helm.cli.render.Role;
import dev.helm.cli.render.SafeText;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where a command writes: data to standard output, words for people to standard error.
 *
 * @param data standard output
 * @param words standard error
 * @param dataPaint colours of standard output
 * @param wordsPaint colours of standard error
 * @param width columns of standard output, 0 when it is no terminal
 * @param interactive whether a person sits at both input and output
 */
public record Out(
    PrintStream data,
    PrintStream words,
    Paint dataPaint,
    Paint wordsPaint,
    int width,
    boolean interactive) {
  private static final int WIDTH_DEFAULT = 80;

  /** This process's outputs. */
  public static Out ofProcess(Env env) {
    boolean terminalIn = isTerminal(0);
    boolean terminalOut = isTerminal(1);
    boolean terminalErr = isTerminal(2);
    return new Out(
        stream(FileDescriptor.out),
        stream(FileDescriptor.err),
        Paint.of(env, terminalOut),
        Paint.of(env, terminalErr),
        terminalOut ? columns(env) : 0,
        terminalIn && terminalOut && !env.get("TERM").equals("dumb"));
  }

  /** Prints a line of data; whatever in it would act on a terminal is shown instead. */
  public void line(String text) {
    data.println(SafeText.block(text));
  }

  /** Prints a line of data whose parts are coloured, and harmless already. */
  public void painted(String text) {
    data.println(text);
  }

  /** Prints a log line in this output's width and colours. */
  public void line(Line line) {
    line.rows(width, dataPaint).forEach(data::println);
  }

  /** Prints log lines. */
  public void lines(List<Line> lines) {
    lines.forEach(this::line);
  }

  /** Tells the person something. */
  public void say(String text) {
    words.println(SafeText.block(text));
  }

  /** Tells a failure: one red line, one line of what to do. */
  public void fail(String what, String todo) {
    words.println(wordsPaint.paint(Role.STOP, SafeText.line(what)));
    if (!todo.isEmpty()) {
      words.println(SafeText.line(todo));
    }
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  private static int columns(Env env) {
    try {
      return Math.max(20, Integer.parseInt(env.get("COLUMNS")));
    } catch (NumberFormatException e) {
      return WIDTH_DEFAULT;
    }
  }

  /** Whether what is typed would be shown, also where the output goes elsewhere. */
  public static boolean inputIsTerminal() {
    return isTerminal(0);
  }

  /** Where /proc tells, one link is read; {@code System.console()} would load a line editor. */
  private static boolean isTerminal(int descriptor) {
    Path link = Path.of("/proc/self/fd/" + descriptor);
    try {
      String target = Files.readSymbolicLink(link).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      var console = System.console();
      return console != null && console.isTerminal();
    }
  }
}
