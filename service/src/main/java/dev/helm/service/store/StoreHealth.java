package dev.helm.service.store;

import org.jspecify.annotations.Nullable;

/**
 * Whether events can be stored now.
 *
 * @param detail why not, and what to do; when they can be, what will soon be in the way, if
 *     anything
 * @param since since when it is so, ISO-8601 UTC
 */
public record StoreHealth(boolean writable, @Nullable String detail, @Nullable String since) {
  static final StoreHealth GOOD = new StoreHealth(true, null, null);
}
