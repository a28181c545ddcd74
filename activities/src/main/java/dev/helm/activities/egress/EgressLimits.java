package dev.helm.activities.egress;

import java.time.Duration;

/**
 * Bounds for each slot's proxy.
 *
 * @param connections at once
 * @param head until the request and the TLS hello are there, each
 * @param dial until the target accepts
 * @param idle without a byte in either direction
 * @param bytes through one connection, both directions together
 * @param toldPerMinute denied attempts told one by one; the rest is counted
 */
public record EgressLimits(
    int connections, Duration head, Duration dial, Duration idle, long bytes, int toldPerMinute) {
  /** 32 connections, 10 s, 10 s, 2 min, 4 GiB, 60. */
  public static final EgressLimits DEFAULT =
      new EgressLimits(
          32,
          Duration.ofSeconds(10),
          Duration.ofSeconds(10),
          Duration.ofMinutes(2),
          4L << 30,
          60);
}
