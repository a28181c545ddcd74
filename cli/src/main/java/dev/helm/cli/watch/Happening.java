package dev.helm.cli.watch;

import dev.helm.cli.http.StreamSignal;

/** What the one thread that draws reacts to, in the order in which it came. */
sealed interface Happening {
  /** From the stream. */
  record Streamed(StreamSignal signal) implements Happening {}

  /** A key of the person. */
  record Pressed(int key) implements Happening {}

  /** What became of a request that was sent in the background; empty words say nothing. */
  record Told(String words) implements Happening {}
}
