package dev.helm.activities.mcp;

import org.jspecify.annotations.Nullable;

/** Which tool list of a server is accepted for a version of a blueprint; lists are blobs. */
public interface Pins {
  /** The SHA-256 of the accepted list, or null when the server was never seen. */
  @Nullable String get(String blueprintRef, String server);

  /** Accepts the list of a server that was never seen; gives the list that is accepted now. */
  String first(String blueprintRef, String server, String sha256);

  /** A person has accepted another list. */
  void accept(String blueprintRef, String server, String sha256);
}
