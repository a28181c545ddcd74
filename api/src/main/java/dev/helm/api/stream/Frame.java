package dev.helm.api.stream;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.helm.api.event.LoggedEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A frame that the service sends on the stream. {@code op} names the kind. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "op")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Frame.Events.class, name = "events"),
  @JsonSubTypes.Type(value = Frame.Delta.class, name = "delta"),
  @JsonSubTypes.Type(value = Frame.CaughtUp.class, name = "caughtUp"),
  @JsonSubTypes.Type(value = Frame.Ping.class, name = "ping"),
  @JsonSubTypes.Type(value = Frame.Error.class, name = "error")
})
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface Frame {
  /** Most events of one frame. */
  int EVENTS_MAX = 256;

  /** Events in order; {@code pos} is the store's position of the last one. */
  record Events(List<LoggedEvent> events, long pos) implements Frame {}

  /**
   * Live text that is never stored. {@code type}: {@code model.delta} or {@code tool.delta}; a new
   * {@code attempt} replaces the text of the one before.
   */
  record Delta(
      String run,
      String type,
      String agent,
      int turn,
      int attempt,
      String text,
      @Nullable String toolUseId)
      implements Frame {}

  /** The seam of replay and live: exactly one for each subscribe. */
  record CaughtUp(String run, long seq) implements Frame {}

  /** Keeps middleboxes awake. */
  record Ping() implements Frame {}

  /** Something that this socket asked for cannot be. */
  record Error(String code, String message, @Nullable String run) implements Frame {}
}
