package dev.helm.service.store;

import java.time.Instant;

/** Single use of signed tickets; outlives a restart. */
public interface TicketStore {
  /**
   * Uses a ticket up.
   *
   * @param expiresAt the ticket's own expiry; kept until then
   * @return true for the first use, false for every later one
   */
  boolean use(String ticketId, Instant expiresAt);
}
