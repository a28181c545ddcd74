package dev.helm.activities.egress;

import org.jspecify.annotations.Nullable;

/**
 * One attempt of a container to reach something.
 *
 * @param slot 8 hex digits
 * @param callId the granted call it belongs to, or null if none fits
 * @param host canonical if it could be parsed; else what was asked for, printable, at most 255
 *     characters
 * @param port 0 if none could be parsed
 * @param reason why it was denied, or by what it was allowed
 * @param suppressed denied attempts of this slot since the last one told, which were too many to
 *     tell one by one
 */
public record EgressAttempt(
    String slot,
    @Nullable String callId,
    String host,
    int port,
    boolean allowed,
    String reason,
    long suppressed) {}
