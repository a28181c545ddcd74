package dev.helm.service.stream;

import dev.helm.api.stream.Frame;
import dev.helm.service.store.CommitListener.Committed;
import org.jspecify.annotations.Nullable;

/** Events of one frame: at most 256, and at most 512 KiB unless one event alone is longer. */
final class Batch {
  /** Most characters of a frame with more than one event. */
  static final int CHARS_MAX = 512 * 1024;

  private final StringBuilder json = new StringBuilder("{\"op\":\"events\",\"events\":[");
  private int count;
  private @Nullable Committed last;

  /** Adds an event unless the frame is full. */
  boolean add(Committed event) {
    if (count == Frame.EVENTS_MAX
        || (count > 0 && json.length() + event.json().length() > CHARS_MAX)) {
      return false;
    }
    if (count++ > 0) {
      json.append(',');
    }
    json.append(event.json());
    last = event;
    return true;
  }

  @Nullable Committed last() {
    return last;
  }

  String frame() {
    long pos = last == null ? 0 : last.pos();
    return json.append("],\"pos\":").append(pos).append('}').toString();
  }
}
