package dev.helm.service.stream;

/**
 * Bounds of the stream.
 *
 * @param ringEventsMax events that are kept in memory
 * @param ringCharsMax characters of them
 * @param sendTimeoutMs how long one frame may be under way
 * @param behindMax how many positions a client that had caught up may fall behind
 * @param pingEveryMs how long the stream may be silent
 * @param deltasMax frames of live text that wait for one client; what is more is dropped
 */
public record StreamLimits(
    int ringEventsMax,
    long ringCharsMax,
    long sendTimeoutMs,
    long behindMax,
    long pingEveryMs,
    int deltasMax) {
  /** What the service runs with. */
  public static final StreamLimits STANDARD =
      new StreamLimits(16_384, 32L << 20, 15_000, 200_000, 20_000, 256);
}
