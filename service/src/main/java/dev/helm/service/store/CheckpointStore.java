package dev.helm.service.store;

import dev.helm.api.bundle.Checkpoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Signed checkpoints of the chains: one for each run, and {@link Checkpoint#AUDIT}. */
public interface CheckpointStore {
  /** A public key, and when it was first seen. */
  record KnownKey(String id, String pem, String at) {}

  /** A stored checkpoint; {@code n} counts all of them without a gap. */
  record Stored(long n, Checkpoint checkpoint) {}

  /** An end of a chain, or a place in it; {@code at} is the event's. */
  record Place(long seq, String hash, String at) {}

  /** The public keys, the newest first. */
  List<KnownKey> keys();

  /** Keeps a public key, if it is new. */
  void keep(String id, String pem);

  /** The last event of a chain, or null for an empty one. */
  @Nullable Place head(String run);

  /** The checkpoint with the highest seq, or null. */
  @Nullable Checkpoint last(String run);

  /** Events after a seq, as {@link EventJson#COLUMNS} has them, for the one who signs. */
  List<Link> links(String run, long afterSeq, int limit);

  /** Stores them in one transaction; one that is there is passed over. */
  void add(List<Checkpoint> checkpoints);

  /**
   * A page of a chain's checkpoints after a seq, by seq; all of its last seq, whatever the limit.
   */
  List<Checkpoint> page(String run, long afterSeq, int limit);

  /** A page of all checkpoints after a number, in the order in which they were made. */
  List<Stored> all(long afterN, int limit);

  /** The number of a checkpoint, 0 if it is not stored. */
  long number(Checkpoint checkpoint);

  /** Chains whose last event has no checkpoint, at most so many. */
  List<String> uncovered(String afterChain, int limit);

  /**
   * An event as its chain sees it.
   *
   * @param computed the hash that its columns give
   */
  record Link(long seq, String at, String type, String prev, String hash, String computed) {}
}
