package dev.helm.cli.watch;

import java.io.IOException;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.NonBlockingReader;

/** A person's keys, one at a time, and the terminal that they come from. */
final class Keyboard implements AutoCloseable {
  /** Told when the person presses Ctrl-C, or the terminal goes away. */
  static final int INTERRUPT = 3;

  static final int UP = -14;
  static final int DOWN = -15;

  private static final int ESCAPE_WAIT_MS = 40;

  /** A reader without a time-out would hold the lock that closing the terminal needs. */
  private static final int POLL_MS = 100;

  private static final int END_WAIT_MS = 1_000;
  private static final Map<Integer, Integer> ARROWS =
      Map.of(
          (int) 'A', UP,
          (int) 'B', DOWN,
          (int) 'D', InputLine.LEFT,
          (int) 'C', InputLine.RIGHT,
          (int) 'H', InputLine.HOME,
          (int) 'F', InputLine.END);

  /** As tmux, screen and rxvt send Home, Delete and End: a number and a tilde. */
  private static final Map<String, Integer> NUMBERED =
      Map.of(
          "1", InputLine.HOME,
          "7", InputLine.HOME,
          "3", InputLine.DELETE,
          "4", InputLine.END,
          "8", InputLine.END);

  private static final int NUMBERS_CHARS_MAX = 8;

  private final Terminal terminal;
  private final Attributes before;
  private final IntConsumer keys;
  private final Thread thread;
  private volatile boolean closed;

  private Keyboard(Terminal terminal, IntConsumer keys) {
    this.terminal = terminal;
    this.keys = keys;
    this.before = terminal.enterRawMode();
    terminal.handle(Terminal.Signal.INT, _ -> keys.accept(INTERRUPT));
    this.thread = Thread.ofPlatform().daemon().name("keys").start(this::read);
  }

  /** Takes over the terminal until it is closed. */
  static Keyboard open(IntConsumer keys) throws IOException {
    return new Keyboard(TerminalBuilder.builder().name("helm").system(true).build(), keys);
  }

  Terminal terminal() {
    return terminal;
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join(END_WAIT_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    terminal.setAttributes(before);
    try {
      terminal.close();
    } catch (IOException e) {
      // The terminal is gone, which is what was wanted.
    }
  }

  private void read() {
    NonBlockingReader reader = terminal.reader();
    try {
      while (!closed) {
        int key = reader.read(POLL_MS);
        if (key == NonBlockingReader.READ_EXPIRED) {
          continue;
        }
        if (key == NonBlockingReader.EOF) {
          keys.accept(INTERRUPT);
          return;
        }
        int decoded = key == InputLine.ESCAPE ? escape(reader) : whole(reader, key);
        if (decoded != 0) {
          keys.accept(decoded);
        }
      }
    } catch (IOException e) {
      if (!closed) {
        keys.accept(INTERRUPT);
      }
    }
  }

  private static int whole(NonBlockingReader reader, int key) throws IOException {
    if (key == '\n') {
      return InputLine.ENTER;
    }
    if (!Character.isHighSurrogate((char) key)) {
      return key;
    }
    int low = reader.read(ESCAPE_WAIT_MS);
    return low > 0 && Character.isLowSurrogate((char) low)
        ? Character.toCodePoint((char) key, (char) low)
        : 0;
  }

  /** Escape alone, an arrow, or 0 for a sequence that means nothing here. */
  private static int escape(NonBlockingReader reader) throws IOException {
    int next = reader.read(ESCAPE_WAIT_MS);
    if (next < 0) {
      return InputLine.ESCAPE;
    }
    if (next != '[' && next != 'O') {
      return 0;
    }
    int last = reader.read(ESCAPE_WAIT_MS);
    StringBuilder numbers = new StringBuilder();
    while (last >= 0 && last < 0x40) {
      if (numbers.length() < NUMBERS_CHARS_MAX) {
        numbers.append((char) last);
      }
      last = reader.read(ESCAPE_WAIT_MS);
    }
    return last == '~'
        ? NUMBERED.getOrDefault(numbers.toString(), 0)
        : ARROWS.getOrDefault(last, 0);
  }
}
