package dev.helm.cli.http;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.stream.Frame;
import dev.helm.cli.Failure;

/** What the stream tells the one who watches. */
public sealed interface StreamSignal {
  /** The next event of the run; every seq comes once and in order. */
  record Logged(LoggedEvent event) implements StreamSignal {}

  /** Live text that no log keeps. */
  record Live(Frame.Delta delta) implements StreamSignal {}

  /** All that was in the log has been told; what follows is live. */
  record CaughtUp(long seq) implements StreamSignal {}

  /** The connection is gone and is being made again. */
  record Lost(String why) implements StreamSignal {}

  /** It is back. */
  record Back() implements StreamSignal {}

  /** The stream ends for good. */
  record Failed(Failure failure) implements StreamSignal {}
}
