package dev.helm.service.store;

import dev.helm.api.Role;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answers of POSTs by Idempotency-Key, kept for 24 hours. */
public interface IdempotencyStore {
  /** Claims the key for this request, or says what became of it. */
  Claim begin(Key key, String bodySha256);

  /** Keeps the answer, and what one has to hold to be given it again. */
  void finish(Key key, int status, @Nullable String contentType, String body, List<Need> needs);

  /** Gives the key back, for a request that changed nothing (5xx); also while the log is away. */
  void abandon(Key key);

  /** Who, where, and the key that the client made. */
  record Key(String person, String path, String key) {}

  /** A role in a project. */
  record Need(String project, Role role) {}

  /** What became of a key. */
  sealed interface Claim {
    /** Nobody used it: go on, then {@link #finish} or {@link #abandon}. */
    record Fresh() implements Claim {}

    /** It was answered: give the same answer. */
    record Replay(int status, @Nullable String contentType, String body, List<Need> needs)
        implements Claim {
      public Replay {
        needs = List.copyOf(needs);
      }
    }

    /** It was used with another body: 422. */
    record OtherBody() implements Claim {}

    /** The first request is still at work: 409 with Retry-After. */
    record InProgress() implements Claim {}
  }
}
