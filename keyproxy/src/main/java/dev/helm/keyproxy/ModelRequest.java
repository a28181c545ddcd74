package dev.helm.keyproxy;

import java.util.List;

/**
 * What the ledger needs to know of a request body. {@code images} holds for each image the body
 * bytes of its data; {@code prefixes} one entry for each of the newest message boundaries.
 */
record ModelRequest(String model, int maxTokens, List<Integer> images, List<Prefix> prefixes) {

  /** The hash of all that the model reads up to a boundary, and the body bytes that it covers. */
  record Prefix(String sha256, int bytes) {}

  ModelRequest {
    images = List.copyOf(images);
    prefixes = List.copyOf(prefixes);
  }
}
