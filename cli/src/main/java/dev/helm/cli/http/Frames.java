package dev.helm.cli.http;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.stream.Frame;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the service's frames. */
final class Frames {
  private Frames() {}

  /**
   * One frame; null for an {@code op} that this version does not know.
   *
   * @throws IllegalArgumentException when it is no frame
   */
  static @Nullable Frame read(String text) {
    Map<String, Object> tree = Json.object(text);
    return switch (String.valueOf(tree.get("op"))) {
      case "events" -> events(tree);
      case "delta" -> Records.read(Frame.Delta.class, tree);
      case "caughtUp" -> Records.read(Frame.CaughtUp.class, tree);
      case "ping" -> new Frame.Ping();
      case "error" -> Records.read(Frame.Error.class, tree);
      default -> null;
    };
  }

  private static Frame.Events events(Map<String, Object> tree) {
    List<LoggedEvent> events = new ArrayList<>();
    if (tree.get("events") instanceof List<?> items) {
      for (Object item : items) {
        events.add(Records.read(LoggedEvent.class, Json.members((Map<?, ?>) item)));
      }
    }
    return new Frame.Events(events, tree.get("pos") instanceof Number pos ? pos.longValue() : 0);
  }
}
