package dev.helm.cli.watch;

import dev.helm.api.event.RunEvent;
import dev.helm.cli.render.RunView;

/** Somebody who watches along and may act, such as the demo. */
public interface Companion {
  /** Only watches. */
  Companion SILENT = (event, view, hands) -> {};

  /** Called after an event is on the screen; {@code view} holds it. */
  void after(RunEvent event, RunView view, Hands hands);
}
