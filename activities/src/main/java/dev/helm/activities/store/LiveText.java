package dev.helm.activities.store;

import dev.helm.api.stream.Frame;

/** Text for whoever watches right now; never stored, may be dropped. */
public interface LiveText {
  /** Sends to the live subscribers of the run; never blocks, never fails. */
  void send(Frame.Delta delta);
}
