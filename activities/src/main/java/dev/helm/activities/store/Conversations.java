package dev.helm.activities.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Conversations as chains of messages by content hash. A chain is named by its newest node, so that
 * workflow history holds one hash however long the talk is, and a fork shares its past.
 */
public interface Conversations {
  /**
   * Appends messages (each one JSON object of the model's wire format) to a chain.
   *
   * @param head the chain, or null for an empty one
   * @return the new head; the same input gives the same head
   */
  String append(@Nullable String head, List<String> messages);

  /** The messages of a chain, oldest first. */
  List<String> messages(String head);
}
