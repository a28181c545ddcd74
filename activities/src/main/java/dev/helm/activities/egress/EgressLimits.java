package dev.helm.activities.egress;

import java.time.Duration;

/**
 * Bounds of the proxy.
 *
 * @param slotConnections at once for one slot
 * @param connections at once for all slots
 * @param times of one connection
 * @param connectionBytes through one connection
 * @param callBytes through all connections of one tool call
 * @param toldPerMinute denied attempts of a slot told one by one; the rest is counted
 */
public record EgressLimits(
    int slotConnections,
    int connections,
    Times times,
    Volume connectionBytes,
    Volume callBytes,
    int toldPerMinute) {
  /**
   * How long a connection may take.
   *
   * @param head until the request and the TLS hello are there, each
   * @param dial until the target accepts
   * @param idle without a byte in either direction
   * @param life from its first byte to its end
   */
  public record Times(Duration head, Duration dial, Duration idle, Duration life) {}

  /**
   * How much may go through, in bytes.
   *
   * @param up from the container
   * @param down to the container
   */
  public record Volume(long up, long down) {}

  /**
   * 32 and 1,024 connections; 10 s, 10 s, 2 min, 1 h; 1 GiB up and 4 GiB down each, 2 GiB up and 16
   * GiB down a call; 60.
   */
  public static final EgressLimits DEFAULT =
      new EgressLimits(
          32,
          1024,
          new Times(
              Duration.ofSeconds(10),
              Duration.ofSeconds(10),
              Duration.ofMinutes(2),
              Duration.ofHours(1)),
          new Volume(1L << 30, 4L << 30),
          new Volume(2L << 30, 16L << 30),
          60);

  /** The same with other times. */
  public EgressLimits withTimes(Times other) {
    return new EgressLimits(
        slotConnections, connections, other, connectionBytes, callBytes, toldPerMinute);
  }
}
