package dev.helm.service.store;

import dev.helm.api.rest.Bodies;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Steering messages; each change is an event of the run. */
public interface MessageStore {
  /**
   * Most messages of a run that nobody has read. Each is a signal, and what Temporal keeps of those
   * for one execution is limited: pause and cancel need room.
   */
  int UNREAD_MAX = 100;

  /**
   * Logs {@code message.queued}. The same id with the same text again is the same message.
   *
   * @param when {@code next} or {@code now}
   * @throws RunEndedException when the run has ended
   * @throws QueueFullException when {@link #UNREAD_MAX} messages wait
   */
  Bodies.Message queue(String run, String messageId, String text, String when, String by);

  /** All messages of a run that is seen, oldest first, with their receipts. */
  List<Bodies.Message> list(Access access, String run);

  /** One message, or null when there is none that is seen. */
  Bodies.@Nullable Message message(Access access, String run, String messageId);

  /** Logs {@code message.cancelled} if the message is still queued. */
  Cancelled cancel(String run, String messageId, String by);

  /** Too many messages wait already. Nothing was written. */
  final class QueueFullException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    QueueFullException(String run) {
      super("run " + run + " has " + UNREAD_MAX + " messages that it has not read");
    }
  }

  /** What a cancel met. */
  enum Cancelled {
    CANCELLED,
    ALREADY_CANCELLED,
    ALREADY_READ,
    NOT_FOUND
  }
}
