/** Durable storage: the event log, its projections and everything else in {@code helm.db}. */
@NullMarked
package dev.helm.service.store;

import org.jspecify.annotations.NullMarked;
