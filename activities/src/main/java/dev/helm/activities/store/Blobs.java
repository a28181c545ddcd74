package dev.helm.activities.store;

import dev.helm.api.event.Content;
import org.jspecify.annotations.Nullable;

/** Content by its SHA-256: what is too long for an event, and the messages of conversations. */
public interface Blobs {
  /** Stores the bytes durably (a second time is free) and gives their SHA-256, lower-case hex. */
  String put(byte[] bytes, String mediaType);

  /** The bytes, or null when they are not there or were erased. */
  byte @Nullable [] get(String sha256);

  /** Text as it goes into an event: inline up to 64 KiB of UTF-8, else stored and referred to. */
  Content content(String text, String mediaType);

  /** The text of an event's content. */
  String text(Content content);
}
