package dev.helm.service.store;

import org.jspecify.annotations.Nullable;

/**
 * Whether events can be stored now.
 *
 * @param detail why not
 * @param since since when not, ISO-8601 UTC
 */
public record StoreHealth(boolean writable, @Nullable String detail, @Nullable String since) {
  static final StoreHealth GOOD = new StoreHealth(true, null, null);
}
