package dev.helm.service.stream;

import dev.helm.api.stream.Frame;
import java.util.concurrent.CompletableFuture;

/** One client's socket, as the hub sees it. */
public interface Subscriber {
  /**
   * Sends one text frame; the hub never has two under way.
   *
   * @return done when the transport can take the next one, failed when the socket is gone
   */
  CompletableFuture<Void> send(String json);

  /** Sends these last words if the socket still takes any, and closes it. */
  void close(Frame.Error lastWords);
}
